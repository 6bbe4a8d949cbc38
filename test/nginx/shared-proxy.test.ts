import { ContainerImage, GunicornApp, NginxProxy } from '../../lib';
import { Files } from '../../lib/workload/files';
import { newStack, Synthesized } from '../support/synth';

const ATTRIBUTES = { edgeNetworkName: 'edge-proxy-edge', configurationVolumeName: 'edge-proxy-configuration' };

function joined(attributes: Partial<Parameters<typeof NginxProxy.fromAttributes>[2]> = {}, namespace?: string) {
  const stack = newStack('blog', namespace === undefined ? undefined : { namespace });
  const app = new GunicornApp(stack, 'Blog', { image: ContainerImage.fromRegistry('example/blog:1'), module: 'app:app', replicas: 1 });
  const proxy = NginxProxy.fromAttributes(stack, 'Proxy', { ...ATTRIBUTES, ...attributes });
  proxy.addRoute({ host: 'blog.example.com', target: app, snippet: 'etag off;' });
  const files = Object.fromEntries((proxy.node.findChild('Candidate') as Files)._entries.map(({ path, content }) => [path, content]));
  return { stack, app, proxy, files };
}

test('its routes are handed in under a name of this stack’s own, without settings of nginx', () => {
  const { files, proxy } = joined();
  expect(Object.keys(files)).toEqual([
    'pages/maintenance.html',
    'pages/too-many-requests.html',
    'pages/unavailable.html',
    'servers/blog.example.com/locations/root.conf',
    'servers/blog.example.com/locations/root.snippet',
    'servers/blog.example.com/server.conf',
    'upstreams/blog-proxy.blog-blog.conf',
  ]);
  expect(files['upstreams/blog-proxy.blog-blog.conf']).toContain('    include owners/blog-proxy/upstreams/blog-proxy.blog-blog.servers;\n');
  const location = files['servers/blog.example.com/locations/root.conf'];
  expect(location).toContain('    error_page 502 504 /.cdktf-django/blog-proxy/pages/unavailable.html;\n');
  expect(location).toContain(
    '    proxy_pass http://blog-proxy.blog-blog$once;\n    include owners/blog-proxy/servers/blog.example.com/locations/root.snippet;\n',
  );
  expect(proxy.routeUrls).toEqual(['http://blog.example.com/']);
});

test('two namespaces of one stack have names of their own', () => {
  expect(Object.keys(joined({}, 'staging').files)).toContain('upstreams/staging-proxy.blog-blog.conf');
});

test('scheme and port are what clients see', () => {
  expect(joined({ scheme: 'https' }).proxy.routeUrls).toEqual(['https://blog.example.com/']);
  expect(joined({ httpPort: 8080 }).proxy.routeUrls).toEqual(['http://blog.example.com:8080/']);
});

test('nothing of the proxy itself is made: the app joins its network, the lease comes after the routes, nothing is owned', () => {
  const synthesized = new Synthesized(joined().stack);
  expect(synthesized.container('blog/Blog/Server').networks_advanced).toEqual([{ name: 'edge-proxy-edge' }]);
  expect(Object.values(synthesized.all('docker_volume')).filter((volume) => /configuration/.test(String(volume.name)))).toEqual([]);
  expect(synthesized.all('docker_network')).toEqual({});
  const lease = synthesized.container('blog/Proxy/Lease');
  expect(lease).toMatchObject({
    user: '10101:10101',
    read_only: true,
    network_mode: 'none',
    env: ['PROXY_OWNER=blog-proxy', 'PROXY_STATE=/var/lib/proxy'],
    stop_signal: 'SIGTERM',
    wait: true,
    lifecycle: { create_before_destroy: true },
  });
  expect(lease.mounts[1]).toEqual({ type: 'volume', source: 'edge-proxy-configuration', target: '/var/lib/proxy', read_only: false });
  expect(lease.depends_on.join(' ')).toMatch(/docker_container\.Proxy_Publish_/);
  expect(synthesized.container('blog/Proxy/Publish').depends_on.join(' ')).toMatch(/docker_container\.Blog_Server_/);
});

test.each<[Parameters<typeof joined>[0], RegExp]>([
  [{ edgeNetworkName: 'a b' }, /^blog\/Proxy\/Edge: networkName must be a network name of the engine .*, got "a b"$/],
  [{ configurationVolumeName: '../x' }, /^blog\/Proxy\/Configuration: volumeName must be a volume name of the engine .*, got "..\/x"$/],
  [{ scheme: 'ftp' }, /^blog\/Proxy: scheme must be "http" or "https", got "ftp"$/],
  [{ httpPort: 70000 }, /^blog\/Proxy: httpPort must be an integer from 1 to 65535, got 70000$/],
])('%j is refused', (attributes, message) => {
  expect(() => joined(attributes)).toThrow(message);
});

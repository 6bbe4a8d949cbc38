import { FileServer } from '../../lib/nginx/file-server';
import { Volume } from '../../lib/workload/volume';
import { newStack, Synthesized } from '../support/synth';

test('serves two volumes that it can only read', () => {
  const stack = newStack();
  const server = new FileServer(stack, 'Files', { staticVolume: new Volume(stack, 'Static'), mediaVolume: new Volume(stack, 'Media') });
  const container = new Synthesized(stack).container('shop/Files/Server');
  expect(container.user).toBe('10102:10102');
  expect(container.mounts.map((mount: { target: string; read_only: boolean }) => [mount.target, mount.read_only])).toEqual([
    ['/opt/file-server', true],
    ['/srv/media', true],
    ['/srv/static', true],
  ]);
  expect(server.staticLocation('/shop/static/')).toEqual({ urlPrefix: '/shop/static/', serverPrefix: '/static/', servers: server.endpoints });
  expect(server.mediaLocation('/media/').serverPrefix).toBe('/media/');
  expect(server.endpoints.map((endpoint) => endpoint.port)).toEqual([8080]);
});

test('needs something to serve', () => {
  const stack = newStack();
  expect(() => new FileServer(stack, 'Files', {})).toThrow('shop/Files: a file server needs staticVolume or mediaVolume, got neither');
  const media = new FileServer(stack, 'Uploads', { mediaVolume: new Volume(stack, 'Media') });
  expect(() => media.staticLocation('/static/')).toThrow('shop/Uploads: this file server has no staticVolume; give it one');
});

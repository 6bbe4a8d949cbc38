import { ContainerImage, DockerSwarm, Job, MailCatcher, MailCatcherProps, Platform, Size, SmtpSecurity, SwarmNodes } from '../../lib';
import { defaultImages } from '../../lib/image/default-images';
import { violations } from '../support/graph';
import { newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('localhost/client:1');

function made(props: MailCatcherProps = {}): Synthesized {
  const stack = newStack();
  new MailCatcher(stack, 'Mail', props).addClient(new Job(stack, 'Client', { image }));
  return new Synthesized(stack);
}

const server = (synth: Synthesized) => synth.container('shop/Mail/Server');

test('is one, confined, with its mail in memory, and is read on this host alone', () => {
  const synth = made();
  expect(server(synth)).toMatchObject({
    name: 'shop-mail-server',
    user: '10073:10073',
    entrypoint: ['/mailpit'],
    env: ['MP_BLOCK_REMOTE_CSS_AND_FONTS=true', 'MP_DISABLE_VERSION_CHECK=true', 'MP_MAX_MESSAGES=500', 'MP_SMTP_DISABLE_RDNS=true'],
    memory: 128,
    read_only: true,
    ports: [{ internal: 8025, external: 8025, ip: '127.0.0.1', protocol: 'tcp' }],
    wait: false,
  });
  expect(server(synth).tmpfs['/tmp']).toContain(`size=${64 * 1024 * 1024}`);
  expect(server(synth).capabilities.drop).toEqual(['ALL']);
  expect(server(synth).healthcheck.test).toEqual(['CMD', '/mailpit', 'readyz']);
  expect(server(synth).lifecycle?.create_before_destroy).toBeUndefined();
  expect(violations(synth)).toEqual([]);
  expect(Object.values(synth.all('docker_image')).map((one) => one.name)).toContain(defaultImages.mailpit);
});

test('its clients are in a network that has no way out, and nobody is in the other one', () => {
  const stack = newStack();
  const mail = new MailCatcher(stack, 'Mail');
  const client = new Job(stack, 'Client', { image });
  mail.addClient(client);
  expect(mail).toMatchObject({ host: 'shop-mail-server', port: 1025, security: SmtpSecurity.NONE, delivers: false });
  expect([client.networks, client.secrets]).toEqual([[mail.network], []]);
  const synth = new Synthesized(stack);
  const networks = Object.values(synth.all('docker_network')).map((one) => [one.name, one.internal]);
  expect(networks.sort()).toEqual([
    ['shop-mail-network-internal', true],
    ['shop-mail-readers', false],
  ]);
  expect(synth.container('shop/Client').networks_advanced).toHaveLength(1);
  expect(synth.container('shop/Client').depends_on.join()).not.toContain('Mail_Server');
});

test('is what it was asked to be', () => {
  const synth = made({
    httpPort: 18025,
    address: '192.0.2.7',
    maxMessages: 10,
    memory: Size.mebibytes(65),
    cpus: 0.5,
    image: ContainerImage.fromRegistry('localhost/mailpit:2'),
  });
  expect(server(synth)).toMatchObject({ memory: 65, cpu_quota: 50000, ports: [{ external: 18025, ip: '192.0.2.7' }] });
  expect(server(synth).env).toContain('MP_MAX_MESSAGES=10');
  expect(server(synth).tmpfs['/tmp']).toContain(`size=${32 * 1024 * 1024}`);
});

test.each<[MailCatcherProps, string]>([
  [{ httpPort: 0 }, 'shop/Mail: httpPort must be an integer from 1 to 65535, got 0'],
  [{ maxMessages: 0 }, 'shop/Mail: maxMessages must be an integer from 1 to 100000, got 0'],
  [{ memory: Size.mebibytes(63) }, 'shop/Mail: memory must be 64 MiB or more, got 63 MiB'],
  [{ address: 'localhost' }, 'shop/Mail/Server: address must be an address of the host, such as 127.0.0.1, 0.0.0.0 or ::, got "localhost"'],
])('refuses %j', (props, message) => {
  expect(() => new MailCatcher(newStack(), 'Mail', props)).toThrow(new Error(message));
});

test('on a Swarm it is open at all addresses of a node, and has to be asked for that', () => {
  const on = (address?: string) => {
    const stack = newStack();
    Platform.use(stack, new DockerSwarm({ edgeNodes: SwarmNodes.all(), dataNode: 'node1' }));
    new MailCatcher(stack, 'Mail', { address });
    return new Synthesized(stack);
  };
  expect(() => on()).toThrow(/^shop\/Mail\/Server: port 8025 is published at 127\.0\.0\.1, and a Swarm opens a port at all addresses of a node/);
  expect(Object.keys(on('0.0.0.0').all('docker_service'))).toHaveLength(1);
});

import { ContainerImage, Duration, Job, Network, Secret, SmtpSecurity, SmtpServer, SmtpServerProps } from '../../lib';
import { newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('localhost/client:1');
const password = Secret.fromFile('/etc/shop/smtp-password');
const given: SmtpServerProps = { host: 'smtp.example.com', user: 'shop@example.com', password };

test('has nothing but the way to it, and what clients log in with', () => {
  const stack = newStack();
  const smtp = new SmtpServer(stack, 'Smtp', given);
  expect(smtp).toMatchObject({ host: 'smtp.example.com', port: 587, security: SmtpSecurity.STARTTLS, user: 'shop@example.com', delivers: true });
  expect(smtp.timeout.toSeconds()).toBe(10);
  const client = new Job(stack, 'Client', { image });
  smtp.addClient(client);
  expect(client.networks).toEqual([smtp.network]);
  expect(client.secrets.map(({ path }) => path)).toEqual(['/run/secrets/smtp-password/value']);
  const synth = new Synthesized(stack);
  expect(Object.values(synth.all('docker_network')).map((one) => [one.name, one.internal])).toEqual([['shop-smtp-network', false]]);
  expect(Object.values(synth.all('docker_container')).map((one) => one.name)).toEqual([expect.stringContaining('shop-client-')]);
});

test.each<[SmtpSecurity | undefined, number]>([
  [undefined, 587],
  [SmtpSecurity.STARTTLS, 587],
  [SmtpSecurity.TLS, 465],
  [SmtpSecurity.NONE, 25],
])('with %s its port is %i', (security, port) => expect(new SmtpServer(newStack(), 'Smtp', { ...given, security }).port).toBe(port));

test('is what it was said to be, and needs no login', () => {
  const stack = newStack();
  const network = new Network(stack, 'Backstage', { internal: true });
  const smtp = new SmtpServer(stack, 'Smtp', { host: 'relay', port: 2525, security: SmtpSecurity.NONE, timeout: Duration.minutes(5), network });
  expect([smtp.port, smtp.user, smtp.passwordSecret, smtp.timeout.toSeconds(), smtp.network]).toEqual([2525, undefined, undefined, 300, network]);
  const client = new Job(stack, 'Client', { image });
  smtp.addClient(client);
  expect([client.networks, client.secrets]).toEqual([[network], []]);
});

test.each<[object, string]>([
  [{ host: 'smtp example' }, 'host must be a host name or an address of IPv4, got "smtp example"'],
  [{ port: 0 }, 'port must be an integer from 1 to 65535, got 0'],
  [{ security: 'ssl' }, 'security must be SmtpSecurity.STARTTLS, SmtpSecurity.TLS or SmtpSecurity.NONE, got "ssl"'],
  [{ user: 'two words' }, 'user must be made of 1 to 254 printable characters of ASCII, without blanks, got "two words"'],
  [{ user: undefined }, 'user must be set too: who logs in has both; leave both out for a server that asks for none'],
  [{ password: undefined }, 'password must be set too: who logs in has both; leave both out for a server that asks for none'],
  [{ timeout: Duration.millis(500) }, 'timeout must be in whole seconds, from 1s to 300s, got 500ms'],
  [{ timeout: Duration.minutes(6) }, 'timeout must be in whole seconds, from 1s to 300s, got 360s'],
  [
    { password: Secret.generated() },
    'password must be one that the server has already: Secret.fromFile() or Secret.fromVariable(), got Secret.generated()',
  ],
])('refuses %j', (props, message) => {
  expect(() => new SmtpServer(newStack(), 'Smtp', { ...given, ...props })).toThrow(new Error(`shop/Smtp: ${message}`));
});

import {
  ContainerImage,
  DjangoService,
  DjangoServiceProps,
  DjangoSettings,
  Duration,
  IMailServer,
  MailCatcher,
  Schedule,
  Secret,
  SmtpSecurity,
  SmtpServer,
  SmtpServerProps,
} from '../../lib';
import { Arguments, newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('localhost/shop:1');
const password = Secret.fromFile('/etc/shop/smtp-password');

function made(props: Partial<DjangoServiceProps>, server: (stack: ReturnType<typeof newStack>) => IMailServer | undefined = () => undefined) {
  const stack = newStack();
  const shop = new DjangoService(stack, 'Shop', { image, project: 'shop', replicas: 1, email: server(stack), ...props });
  shop.addProcess('Consumer', { command: ['consume'] });
  shop.addCommand('Digest', { schedule: Schedule.cron('0 4 * * *'), command: ['digest'] });
  return new Synthesized(stack);
}

const smtp =
  (props: Partial<SmtpServerProps> = {}) =>
  (stack: ReturnType<typeof newStack>) =>
    new SmtpServer(stack, 'Smtp', { host: 'smtp.example.com', user: 'shop@example.com', password, ...props });

function file(synth: Synthesized, name: string): Arguments {
  return JSON.parse(synth.container('shop/Shop/App/Files').upload.find((one: Arguments) => one.file === `/files/${name}`).content as string);
}

test('a server arrives in the settings, its password in a file alone, with everything that may send mail', () => {
  const synth = made({ defaultFromEmail: 'Shop <shop@example.com>', serverEmail: 'errors@example.com' }, smtp({ timeout: Duration.seconds(3) }));
  expect(file(synth, 'django.json')).toMatchObject({
    email: {
      host: 'smtp.example.com',
      port: 587,
      user: 'shop@example.com',
      passwordFile: '/run/secrets/smtp-password/value',
      security: 'starttls',
      timeout: 3,
      delivers: true,
    },
    defaultFromEmail: 'Shop <shop@example.com>',
    serverEmail: 'errors@example.com',
  });
  expect(file(synth, 'launch.json').templates).toEqual({});
  for (const path of ['App/Server', 'App/Release', 'App/Preflight', 'Consumer/Process', 'Digest/Scheduler']) {
    const container = synth.container(`shop/Shop/${path}`);
    expect(container.mounts.map((mount: Arguments) => mount.target)).toContain('/run/secrets/smtp-password/value');
    expect(container.networks_advanced).toHaveLength(1);
  }
});

test('a catcher has no login, and takes the place of all mailers', () => {
  const synth = made({}, (stack) => new MailCatcher(stack, 'Mail'));
  expect(file(synth, 'django.json').email).toEqual({ host: 'shop-mail-server', port: 1025, security: 'none', timeout: 10, delivers: false });
  expect(synth.container('shop/Shop/App/Server').networks_advanced).toHaveLength(1);
});

test('without any, nothing is said of it', () => {
  const settings = file(made({}), 'django.json');
  for (const name of ['email', 'defaultFromEmail', 'serverEmail']) expect(settings).not.toHaveProperty(name);
});

test.each<[Partial<SmtpServerProps>, string]>([
  [{}, 'smtp+tls://shop%40example.com:{url:/run/secrets/smtp-password/value}@smtp.example.com:587'],
  [{ security: SmtpSecurity.TLS }, 'smtp+ssl://shop%40example.com:{url:/run/secrets/smtp-password/value}@smtp.example.com:465'],
  [{ security: SmtpSecurity.NONE, user: undefined, password: undefined }, 'smtp://smtp.example.com:25'],
])('a project that reads its environment gets a URL (%#)', (props, url) => {
  expect(file(made({ settings: DjangoSettings.environment('config.settings') }, smtp(props)), 'launch.json').templates).toMatchObject({
    EMAIL_URL: url,
  });
});

test('under a name that can be mapped', () => {
  const settings = DjangoSettings.environment('config.settings', { emailUrl: 'MAIL' });
  expect(Object.keys(file(made({ settings }, smtp()), 'launch.json').templates)).toContain('MAIL');
});

const refused = (props: Partial<DjangoServiceProps>) => () => made(props, smtp());

test.each<[Partial<DjangoServiceProps>, string]>([
  [{ defaultFromEmail: 'Shop' }, 'defaultFromEmail must be an address such as "shop@example.com" or "Shop <shop@example.com>", got "Shop"'],
  [
    { serverEmail: 'a@example.com\nBcc: b@example.com' },
    'serverEmail must be an address such as "shop@example.com" or "Shop <shop@example.com>", got "a@example.com\\nBcc: b@example.com"',
  ],
  [
    { defaultFromEmail: 'shop@example.com', settings: DjangoSettings.environment('a') },
    'defaultFromEmail is for DjangoSettings.overlay(): with DjangoSettings.environment() give it in environment, under the name that the project reads',
  ],
  [
    { settings: DjangoSettings.overlay('shop.settings', { overrides: { EMAIL_HOST: 'other' } }) },
    'EMAIL_HOST is in overrides, and email is given; set it in one place',
  ],
  [
    { settings: DjangoSettings.overlay('shop.settings', { publicOverrides: { MAILERS: {} } }) },
    'MAILERS is in overrides, and email is given; set it in one place',
  ],
])('refuses %j', (props, message) => expect(refused(props)).toThrow(new Error(`shop/Shop: ${message}`)));

test('a backend that queues may stay in front of the server', () => {
  const settings = DjangoSettings.overlay('shop.settings', {
    overrides: { EMAIL_BACKEND: 'post_office.EmailBackend', EMAIL_SUBJECT_PREFIX: '[Shop] ' },
  });
  expect(refused({ settings })).not.toThrow();
});

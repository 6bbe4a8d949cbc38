import { TerraformVariable } from 'cdktf';
import { ContainerImage, Secret, SecretFile } from '../lib';
import { SecretKind } from '../lib/workload/secret';
import { exampleStack } from './support/example';
import { Arguments, newStack, Synthesized } from './support/synth';

const stack = exampleStack();
const synth = new Synthesized(stack);
const secrets = stack.node.findAll().filter((one): one is SecretFile => one instanceof SecretFile);
const volumeOf = (secret: SecretFile) => `shop-${secret.node.path.split('/').slice(1).join('-')}`.replace(/([a-z])([A-Z])/g, '$1-$2').toLowerCase();

test('the example has secrets, and all of them are made on the engine', () => {
  expect(secrets.map((secret) => secret.node.path).sort()).toEqual(['shop/Db/Password', 'shop/Db/SuperuserPassword', 'shop/Shop/SecretKey']);
  for (const secret of secrets) expect(secret.secret._kind).toBe(SecretKind.GENERATED);
});

test('Terraform makes no password and is given none', () => {
  const types = new Set(Object.keys(synth.addresses()).map((address) => address.split('.')[0]));
  expect([...types].sort()).toEqual(['docker_container', 'docker_image', 'docker_network', 'docker_volume', 'terraform_data']);
  expect(Object.keys(JSON.parse(synth.text)).sort()).toEqual(['data', 'output', 'provider', 'resource', 'terraform']);
  expect(synth.text).not.toMatch(/random_(password|string|id|bytes|uuid)|bcrypt\(|uuid\(/);
});

test('a variable whose name speaks of a secret names a file', () => {
  const lines = Object.values(synth.all('docker_container')).flatMap((container) => (container.env ?? []) as string[]);
  const suspicious = lines.filter((line) => /^[^=]*(PASSW|SECRET|KEY|TOKEN|CREDENTIAL|DATABASE_URL)/i.test(line));
  expect(suspicious.length).toBeGreaterThan(0);
  for (const line of suspicious) expect(line).toMatch(/^[A-Z_]+_FILE=\/run\/secrets\/[a-z0-9-]+\/value$/);
});

test('nothing that could be a value is anywhere: a long word of letters and digits is one of ours', () => {
  // Secrets have 64 characters of A-Z, a-z and 0-9 and cannot have fewer than 20.
  const words = synth.text.match(/[A-Za-z0-9]{20,}/g) ?? [];
  const unknown = words.filter((word) => (/\d/.test(word) && /[A-Z]/.test(word) && /[a-z]/.test(word)) || word.length >= 40);
  expect([...new Set(unknown)]).toEqual([]);
});

describe.each(secrets.map((secret) => [secret.node.path, secret] as const))('%s', (path, secret) => {
  const volume = volumeOf(secret);
  const holders = Object.entries(synth.all('docker_container')).flatMap(([, container]) =>
    ((container.mounts ?? []) as Arguments[]).filter((mount) => mount.source === volume).map((mount) => ({ container, mount })),
  );
  const maker = synth.container(path);

  test('is written by the job that makes it, and only read by others', () => {
    const consumers = holders.filter((one) => one.container !== maker);
    expect(holders.length - consumers.length).toBe(1);
    expect(consumers.length).toBeGreaterThan(0);
    for (const { mount, container } of consumers) {
      expect(mount).toEqual({ type: 'volume', source: volume, target: `/run/secrets/${secret.secretName}`, read_only: true });
      expect(container.group_add).toContain(String(secret.group));
    }
  });

  test('is known outside of mounts by its name and its file alone', () => {
    const others = Object.values(synth.addresses()).map((resource): Arguments => ({ ...resource, mounts: undefined }));
    const mentions = others.filter((resource) => resource.command?.[2] !== 'generate-secret' && JSON.stringify(resource).includes(`"${volume}"`));
    expect(mentions).toEqual([]);
  });

  test('is made without a network, by a program that has no value in it', () => {
    expect([maker.network_mode, maker.env, maker.upload]).toEqual(['none', undefined, undefined]);
    expect(maker.command.slice(2, 5)).toEqual(['generate-secret', secret.secretName, '64']);
  });
});

test('a value that Terraform has to know is its variable, one upload and what tells its version, and the variable is sensitive', () => {
  const own = newStack();
  const variable = new TerraformVariable(own, 'key', { sensitive: true });
  new SecretFile(own, 'Key', { secret: Secret.fromVariable(variable), secretName: 'key', image: ContainerImage.fromRegistry('redis:8') });
  const synthesized = new Synthesized(own);
  const { text } = synthesized;
  expect(JSON.parse(text).variable).toEqual({ key: { sensitive: true } });
  expect(text.match(/var\.key/g)).toHaveLength(2);
  expect(synthesized.container('shop/Key').upload[0].content).toBe('${var.key}');
  const told = Object.values(synthesized.all('terraform_data')).filter((one) => one.triggers_replace !== undefined);
  expect(told).toEqual([{ triggers_replace: '${var.key}' }]);
});

import { TerraformStack } from 'cdktf';
import { RemovalPolicy, PostgresDb, DjangoService, ContainerImage, Secret, SecretFile } from '../../lib';
import { secretsOf } from '../../lib/cli/stack-secrets';
import { folder } from '../support/folder';
import { newStack, Synthesized } from '../support/synth';

function secretsIn(fill: (stack: TerraformStack) => void) {
  const stack = newStack('shop', { namespace: 'staging' });
  fill(stack);
  const { text } = new Synthesized(stack);
  return { stack, found: secretsOf({ name: 'shop', folder: folder({ 'cdk.tf.json': text }) }) };
}

test('generated secrets by path, wherever they are; files of the host; nothing else', () => {
  const { stack, found } = secretsIn((made) => {
    const db = new PostgresDb(made, 'Db', { passwordVersion: 2, removalPolicy: RemovalPolicy.DESTROY });
    const image = ContainerImage.fromRegistry('localhost/shop:1');
    const secretEnvironment = { API_KEY: Secret.fromFile('/etc/shop/key') };
    new DjangoService(made, 'Shop', { image, project: 'shop', database: db, secretKeyVersion: 2, secretEnvironment });
  });
  const all = stack.node.findAll().filter((one): one is SecretFile => one instanceof SecretFile);
  const group = (path: string) => all.find((one) => one.node.path === `shop/${path}`)!.group;
  expect(found).toEqual({
    generated: [
      ['Db/PasswordV2', 'staging-db-password-v2'],
      ['Db/SuperuserPassword', 'staging-db-superuser-password'],
      ['Shop/SecretKey', 'staging-shop-secret-key'],
      ['Shop/SecretKeyV2', 'staging-shop-secret-key-v2'],
    ].map(([path, volume]) => ({ path, volume, group: group(path) })),
    files: ['/etc/shop/key'],
  });
});

test('a stack that cannot be read', () => {
  const empty = folder({});
  expect(() => secretsOf({ name: 'shop', folder: empty })).toThrow(`${empty}/cdk.tf.json cannot be read: ENOENT`);
});

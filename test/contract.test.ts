import { exampleStack } from './support/example';
import { Arguments, Synthesized } from './support/synth';

/*
 * What is pinned here is where people's data is. The name of a volume on the engine is the data: under another name a deploy comes up with an
 * empty database, new secrets, no uploads. A logical id is Terraform's only way to know a resource again: under another one Terraform destroys the
 * old volume and makes a new one, and a job that prepares a volume or makes a secret runs anew.
 *
 * A change of these lists breaks deployments that exist. It needs a new major version, a migration (`moveTo`, an adopted `volumeName`) and a word in
 * CHANGELOG.md. Logical ids of servers, routes and files are not pinned: what they name is made anew by each release anyway.
 */

const synth = new Synthesized(exampleStack());
const containers = Object.entries(synth.all('docker_container'));

/** The names of all volumes that containers mount for writing, but for those that hold one generation of files. */
function writtenVolumes(): string[] {
  const owned = synth.all('docker_volume');
  const mounts = containers.flatMap(([, container]) => (container.mounts ?? []) as Arguments[]);
  const names = mounts
    .filter((mount) => mount.type === 'volume' && !mount.read_only)
    .map((mount) => /^\$\{docker_volume\.(.+)\.name\}$/.exec(mount.source)?.[1] ?? mount.source)
    .map((source) => (owned[source] ? owned[source].name : source) as string);
  return [...new Set(names)].filter((name) => !name.includes('plantimestamp()')).sort();
}

test('the names of volumes on the engine', () => {
  expect(writtenVolumes()).toEqual([
    'shop-db-data',
    'shop-db-password',
    'shop-db-superuser-password',
    'shop-proxy-cache',
    'shop-proxy-configuration',
    'shop-shop-media',
    'shop-shop-secret-key',
    'shop-shop-static',
  ]);
});

test('of these, Terraform owns those alone whose content can be made again', () => {
  const owned = Object.entries(synth.all('docker_volume')).filter(([, volume]) => !volume.name.includes('plantimestamp()'));
  expect(owned.map(([id, volume]) => [volume.name, id])).toEqual([
    ['shop-proxy-cache', 'Proxy_Cache_CDC032BD'],
    ['shop-proxy-configuration', 'Proxy_Configuration_BDD91233'],
    ['shop-shop-static', 'Shop_Static_CED446A9'],
  ]);
});

test('the logical ids of what initialises data and makes secrets', () => {
  const writers = containers.filter(([, container]) => container.entrypoint?.[0] === 'sh' && container.attach).map(([id]) => id);
  expect(writers.filter((id) => !id.startsWith('Proxy_Publish')).sort()).toEqual([
    'Db_CloseLogin_B66816CC',
    'Db_Data_Prepare_9F966EF9',
    'Db_Initialize_FCE4BE2C',
    'Db_OpenLogin_0D0E9205',
    'Db_Password_1CAC318C',
    'Db_SuperuserPassword_A500D8BD',
    'Proxy_Cache_Prepare_67B1BB42',
    'Proxy_Configuration_Prepare_96275227',
    'Shop_Media_Prepare_F201FC8E',
    'Shop_SecretKey_B1E70C82',
    'Shop_Static_Prepare_10763811',
  ]);
});

test('the logical ids and names of the servers that keep data, and of networks', () => {
  const fixed = containers.filter(([, container]) => !container.name.includes('plantimestamp()')).map(([id, container]) => [container.name, id]);
  expect(fixed).toEqual([
    ['shop-db-close-login', 'Db_CloseLogin_B66816CC'],
    ['shop-db-server', 'Db_Server_5B8C3446'],
    ['shop-proxy-server', 'Proxy_Server_6DCE2D66'],
  ]);
  expect(Object.entries(synth.all('docker_network')).map(([id, network]) => [network.name, id])).toEqual([
    ['shop-db-network-internal', 'Db_Network_71674BD9'],
    ['shop-proxy-edge', 'Proxy_Edge_1B6D6EDA'],
  ]);
});

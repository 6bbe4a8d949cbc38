import { join } from 'node:path';
import { parseState, stateOfFile, stateOfStack } from '../../lib/cli/terraform-state';
import { folder } from '../support/folder';

const labels = (namespace: string, path: string) => [
  { label: 'org.cdktf-django.namespace', value: namespace },
  { label: 'org.cdktf-django.path', value: path },
];

function resource(type: string, name: string, ...instances: object[]) {
  return { mode: 'managed', type, name, instances: instances.map((attributes) => ({ attributes })) };
}

const state = (...resources: object[]) => JSON.stringify({ version: 4, resources });

describe('what a state tells', () => {
  test('ids of all instances, namespaces, and the path of the stack', () => {
    const text = state(
      resource('docker_image', 'Image', { id: 'sha256:1' }),
      resource('terraform_data', 'Version', { id: 'data' }),
      resource('terraform_data', 'Ownership', { id: 'ours' }),
      { ...resource('docker_container', 'Read', { id: 'read' }), mode: 'data' },
      resource('docker_container', 'Web', { id: 'new', labels: labels('shop', 'shop/Web/Server') }, { id: 'old', labels: null }),
      resource('docker_volume', 'Files', { id: 'files', labels: labels('shop-2', 'shop/Web') }),
    );
    const known = parseState(text, 'the state');
    expect([...known.ids]).toEqual(['new', 'old', 'files']);
    expect([...known.namespaces]).toEqual(['shop', 'shop-2']);
    expect({ path: known.path, owner: known.owner, address: known.address }).toEqual({
      path: 'shop',
      owner: 'ours',
      address: 'docker_container.Web',
    });
  });

  test('of a Swarm is refused: its containers are in no state, and would all be strays', () => {
    const text = state(
      resource('docker_network', 'Edge', { id: 'edge', labels: labels('shop', 'shop/Edge') }),
      resource('docker_service', 'Web', { id: 'web' }),
    );
    expect(() => parseState(text, 'the state')).toThrow('the state is of a Swarm, which keeps its containers itself; this works on one engine');
  });

  test.each([
    [['shop/Web/Server', 'shop/Db'], 'shop'],
    [['group/shop/Web/Server', 'group/shop/Web/Files'], 'group/shop/Web'],
    [['shop/Web', 'shopping/Web'], ''],
    [['shop/Owner'], 'shop'],
  ])('%j are below %j', (paths, expected) => {
    const text = state(...paths.map((path, index) => resource('docker_container', `C${index}`, { id: `${index}`, labels: labels('shop', path) })));
    expect(parseState(text, 'the state').path).toBe(expected);
  });

  test.each([
    ['', 'the state is empty: the stack is not deployed, or its state is somewhere else'],
    ['{', 'the state is not JSON: '],
    ['{"version":3,"modules":[]}', 'the state has version 3 of Terraform\'s format, only 4 is known here; give the output of "terraform state pull"'],
    [state(), "the state has no object of this library, so nothing tells which ones on the engine are this stack's; deploy it, then sweep"],
    [state(resource('docker_container', 'Foreign', { id: '1', labels: [] })), 'the state has no object of this library'],
  ])('refuses %j', (text, message) => expect(() => parseState(text, 'the state')).toThrow(message));
});

describe('the state of a synthesized stack', () => {
  test('needs a stack', () => {
    const output = join(folder({}), 'cdktf.out');
    expect(() => stateOfStack(output, undefined)).toThrow(
      `there is no synthesized stack in ${output}; run this where cdktf.json is, after a deploy, or name the folder with --output`,
    );
  });

  test('needs to know which one', () => {
    const output = folder({ 'stacks/shop/cdk.tf.json': '{}', 'stacks/blog/cdk.tf.json': '{}' });
    expect(() => stateOfStack(output, undefined)).toThrow('there are several stacks, say which one: blog, shop');
    expect(() => stateOfStack(output, '../shop')).toThrow(`there is no stack "../shop" in ${output}, only blog, shop`);
    expect(stateOfStack(output, 'shop').description).toBe('the state of shop');
  });
});

test('a file that is not there', () => {
  const file = join(folder({}), 'nothing.json');
  expect(() => stateOfFile(file).read()).toThrow(`the state in ${file} cannot be read: ENOENT`);
});

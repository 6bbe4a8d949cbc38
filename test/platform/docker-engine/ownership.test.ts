import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { Testing, TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import { ContainerImage, DockerEngine, Network, Platform, Service } from '../../../lib';
import { exampleStack } from '../../support/example';
import { dependenciesOf } from '../../support/graph';
import { label, newStack, Synthesized } from '../../support/synth';

const OWNERSHIP = 'terraform_data.Ownership';
const image = ContainerImage.fromRegistry('redis:8');

function conditions(stack: TerraformStack): { condition: string; error_message: string }[] {
  return new Synthesized(stack).all('terraform_data').Ownership.lifecycle.postcondition;
}

test('all that the example has on an engine is made after its owner is known', () => {
  const resources = new Synthesized(exampleStack()).addresses();
  const known = new Set(Object.keys(resources));
  const late = [...known].filter((address) => !dependenciesOf(resources[address], known).has(OWNERSHIP));
  expect(late).toEqual([OWNERSHIP]);
});

test('every container says from which state it is', () => {
  const containers = Object.values(new Synthesized(exampleStack()).all('docker_container'));
  const owners = new Set(containers.map((container) => label(container, 'org.cdktf-django.owner')));
  expect([...owners]).toEqual(['${terraform_data.Ownership.id}']);
});

test('a condition is about the containers of the namespace and the stack alone', () => {
  const stack = newStack('shop', { namespace: 'shop-staging' });
  new Network(stack, 'Net');
  const [{ condition, error_message }, ...others] = conditions(stack);
  expect(others).toEqual([]);
  expect(condition).toMatch(/^\$\{length\(\[for one in data\.docker_containers\.Ownership_Containers_[0-9A-F]{8}\.containers : one if /);
  expect(condition).toContain('if try(one.labels["org.cdktf-django.namespace"], "") == "shop-staging" && ');
  expect(condition).toContain(' && startswith(try(one.labels["org.cdktf-django.path"], ""), "shop/") && ');
  expect(condition).toContain(' && !contains(["", self.id], try(one.labels["org.cdktf-django.owner"], ""))]) == 0}');
  expect(error_message).toMatch(/^shop: namespace shop-staging on this engine was deployed from another Terraform state than this one, as /);
  expect(error_message).toMatch(
    /docker ps -aq --filter label=org\.cdktf-django\.owner=\$\{try\(.*\[0\]\.labels\["org\.cdktf-django\.owner"\], ""\)\} \| xargs docker rm -f;/,
  );
  expect(error_message).toContain('docker network ls -q --filter label=org.cdktf-django.namespace=shop-staging | xargs docker network rm');
});

test('a stack with several engines has one owner, and each engine is looked at by its own provider', () => {
  const stack = new TerraformStack(Testing.app(), 'shop');
  const providers = ['one', 'two'].map((alias) => new DockerProvider(stack, alias, { alias }));
  for (const provider of providers) {
    const part = new Construct(stack, `On-${provider.alias}`);
    Platform.use(part, new DockerEngine({ provider, namespace: `shop-${provider.alias}` }));
    new Service(part, 'Web', { image });
    new Service(part, 'Other', { image });
  }
  const all = conditions(stack).map(({ condition }) => condition);
  expect(all.map((condition) => /== "(shop-\w+)"/.exec(condition)![1])).toEqual(['shop-one', 'shop-two']);
  const { data } = JSON.parse(new Synthesized(stack).text) as { data: { docker_containers: Record<string, { provider: string }> } };
  for (const [id, { provider }] of Object.entries(data.docker_containers)) {
    const index = all.findIndex((condition) => condition.includes(`data.docker_containers.${id}.`));
    expect(provider).toBe(['docker.one', 'docker.two'][index]);
  }
  expect(Object.keys(data.docker_containers)).toHaveLength(2);
});

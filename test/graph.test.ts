import { Container } from '@cdktf/provider-docker/lib/container';
import { Volume as DockerVolume } from '@cdktf/provider-docker/lib/volume';
import { TerraformStack } from 'cdktf';
import { ContainerImage, RemovalPolicy, Service, UpdateStrategy, Volume } from '../lib';
import { exampleStack } from './support/example';
import { createdBeforeDestroyed, isSingle, violations } from './support/graph';
import { newStack, Synthesized } from './support/synth';

const image = ContainerImage.fromRegistry('redis:8');

describe('the example', () => {
  const synth = new Synthesized(exampleStack());
  const containers = synth.all('docker_container');

  test('starts no server twice of which only one may run', () => expect(violations(synth)).toEqual([]));

  test('has such servers, and resources that are created before they are destroyed', () => {
    const single = Object.values(containers).filter(isSingle);
    expect(single.map((one) => one.name).sort()).toEqual(['shop-db-server', 'shop-proxy-server']);
    expect(createdBeforeDestroyed(synth).size).toBeGreaterThan(20);
  });

  test('gives everything that is created before it is destroyed another name each time, and does not plan that as a change', () => {
    const reached = createdBeforeDestroyed(synth);
    for (const [id, container] of Object.entries(containers)) {
      const early = reached.has(`docker_container.${id}`);
      expect([id, early]).toEqual([id, String(container.name).includes('plantimestamp()')]);
      // What does the same in any image is not done again for a new one.
      const ignored = container.start === false || container.user === '0:0' ? ['name', 'image'] : ['name'];
      expect([id, container.lifecycle]).toEqual([id, early ? { create_before_destroy: true, ignore_changes: ignored } : undefined]);
    }
  });

  test('has no dependency on something that is not there', () => {
    const known = new Set(Object.keys(synth.addresses()));
    for (const [address, resource] of Object.entries(synth.addresses())) {
      const unknown = (resource.depends_on ?? []).filter((one: string) => !known.has(one));
      expect([address, unknown]).toEqual([address, []]);
      expect([address, new Set(resource.depends_on).size]).toEqual([address, (resource.depends_on ?? []).length]);
    }
  });
});

describe('the walk finds a planted violation', () => {
  const early = { lifecycle: { createBeforeDestroy: true } };

  function plant(build: (stack: TerraformStack, db: Container) => void): string[] {
    const stack = newStack();
    const db = new Service(stack, 'Db', { image, updateStrategy: UpdateStrategy.STOP_FIRST });
    db.addVolume(new Volume(db, 'Data', { removalPolicy: RemovalPolicy.DESTROY }), '/data');
    build(stack, db.resources[0] as Container);
    return violations(new Synthesized(stack)).map((way) => way.replace(/_[0-9A-F]{8}\b/g, ''));
  }

  test('none when there is none', () => {
    expect(plant((stack) => new Container(stack, 'Web', { name: 'web', image: 'x' }))).toEqual([]);
    expect(plant((stack, db) => new Container(stack, 'Web', { name: 'web', image: 'x', dependsOn: [db] }))).toEqual([]);
  });

  test('by depends_on', () => {
    const found = plant((stack, db) => new Container(stack, 'Web', { name: 'web-${plantimestamp()}', image: 'x', dependsOn: [db], ...early }));
    expect(found).toEqual(['docker_container.Web -> docker_container.Db']);
  });

  test('by a reference that is deep inside an argument', () => {
    const found = plant(
      (stack, db) => new Container(stack, 'Web', { name: 'web-${plantimestamp()}', image: 'x', env: [`DB=\${upper(${db.name})}`], ...early }),
    );
    expect(found).toEqual(['docker_container.Web -> docker_container.Db']);
  });

  test('handed down by what lies between, even against its own word', () => {
    const found = plant((stack, db) => {
      const between = new DockerVolume(stack, 'Between', { name: 'between', dependsOn: [db], lifecycle: { createBeforeDestroy: false } });
      new Container(stack, 'Web', { name: 'web-${plantimestamp()}', image: 'x', pidMode: between.name, ...early });
    });
    expect(found).toEqual(['docker_container.Web -> docker_volume.Between -> docker_container.Db']);
  });

  test('of the server itself', () => {
    expect(plant((_stack, db) => db.addOverride('lifecycle.create_before_destroy', true))).toEqual(['docker_container.Db']);
  });

  test('of a port, whatever the name', () => {
    const ports = [{ internal: 80, external: 80 }];
    const found = plant((stack) => new Container(stack, 'Web', { name: 'web-${plantimestamp()}', image: 'x', ports, ...early }));
    expect(found).toEqual(['docker_container.Web']);
  });
});

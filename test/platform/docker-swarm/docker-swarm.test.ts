import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { Testing, TerraformStack, TerraformVariable } from 'cdktf';
import {
  ContainerImage,
  DockerSwarm,
  DockerSwarmProps,
  Duration,
  Files,
  HealthCheck,
  Job,
  Network,
  Platform,
  Secret,
  SecretFile,
  Service,
  Size,
  SwarmNodes,
  UpdateStrategy,
  Volume,
} from '../../../lib';
import { WATCH_JOB } from '../../../lib/platform/docker-swarm/watch-job';
import { Arguments, Synthesized } from '../../support/synth';

const image = ContainerImage.fromRegistry('redis:8');
const GENERATION = '${formatdate("YYYYMMDDhhmmss", plantimestamp())}';
const FINGERPRINT = { label: 'org.cdktf-django.fingerprint', value: expect.stringMatching(/^[0-9a-f]{12}$/) };
const hash = '[0-9A-F]{8}';
const NODE = { dataNode: 'node1' };
const ON_NODE1 = { constraints: ['node.hostname == node1'], prefs: [] };

function labels(path: string, namespace = 'shop'): unknown[] {
  return [
    { label: 'org.cdktf-django.namespace', value: namespace },
    { label: 'org.cdktf-django.path', value: path },
  ];
}

function newSwarmStack(props: DockerSwarmProps = {}): TerraformStack {
  const stack = new TerraformStack(Testing.app(), 'shop');
  new DockerProvider(stack, 'Docker');
  Platform.use(stack, new DockerSwarm(props));
  return stack;
}

function synth(build: (stack: TerraformStack) => void, props: DockerSwarmProps = {}): Synthesized {
  const stack = newSwarmStack(props);
  build(stack);
  return new Synthesized(stack);
}

const service = (synthesized: Synthesized, path: string) => synthesized.byPath('docker_service', path);

const confined = { read_only: true, cap_drop: ['ALL'], cap_add: [], init: true };
const tmp = { type: 'tmpfs', target: '/tmp', read_only: false, tmpfs_options: { size_bytes: 67108864 } };
const common = {
  networks_advanced: [],
  log_driver: { name: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
  runtime: 'container',
};
const FOUND_OUT = 'task_spec[0].placement[0].platforms';
const update = { parallelism: 1, delay: '0s', order: 'start-first', monitor: '5s', max_failure_ratio: '0.0' };

describe('a service', () => {
  test('has exactly these arguments when nothing is asked for', () => {
    const found = service(
      synth((stack) => new Service(stack, 'Web', { image })),
      'shop/Web',
    );
    expect(found).toEqual({
      name: 'shop-web',
      labels: labels('shop/Web'),
      task_spec: {
        ...common,
        container_spec: {
          ...confined,
          image: expect.stringMatching(
            `^\\$\\{coalesce\\(docker_image\\.Images_redis-8_${hash}\\.repo_digest, docker_image\\.Images_redis-8_${hash}\\.name\\)\\}$`,
          ),
          labels: labels('shop/Web'),
          mounts: [tmp],
          configs: [],
          secrets: [],
          stop_grace_period: '30s',
        },
        restart_policy: { condition: 'any', delay: '1s', max_attempts: 0, window: '0s' },
      },
      mode: { replicated: { replicas: 1 } },
      update_config: { ...update, failure_action: 'rollback' },
      rollback_config: { ...update, failure_action: 'pause' },
      endpoint_spec: { mode: 'dnsrr', ports: [] },
      converge_config: { delay: '1s', timeout: '4m30s' },
      lifecycle: { ignore_changes: [FOUND_OUT] },
      depends_on: [expect.stringMatching(`^docker_image\\.Images_redis-8_${hash}$`)],
    });
  });

  test('has exactly these arguments when all is asked for', () => {
    const synthesized = synth(
      (stack) => {
        const made = new Service(stack, 'Web', {
          image,
          command: ['serve', '--all', '${x}'],
          entrypoint: ['/bin/app'],
          environment: { B: '2', A: '1' },
          workingDirectory: '/srv',
          user: '10001:10001',
          memory: Size.mebibytes(256),
          cpus: 0.5,
          sharedMemory: Size.mebibytes(128),
          readOnlyRoot: false,
          tmpfs: { '/run/app': Size.mebibytes(1) },
          capabilities: ['NET_BIND_SERVICE', 'CHOWN'],
          replicas: 5,
          healthCheck: HealthCheck.command(['ping'], {
            interval: Duration.seconds(2),
            timeout: Duration.millis(500),
            retries: 4,
            startPeriod: Duration.minutes(1),
          }),
          stopSignal: 'SIGQUIT',
          stopGracePeriod: Duration.hours(1),
        });
        made.joinNetwork(new Network(stack, 'Net'));
        made.joinNetwork(Network.fromNetworkName(stack, 'Other', 'company'));
      },
      { spreadOver: 'zone' },
    );
    const found = service(synthesized, 'shop/Web');
    expect(Object.values((JSON.parse(synthesized.text) as Arguments).data.docker_network)).toEqual([{ name: 'company' }]);
    expect(found.task_spec).toEqual({
      ...common,
      container_spec: {
        image: expect.any(String),
        labels: labels('shop/Web'),
        command: ['/bin/app'],
        args: ['serve', '--all', '$${x}'],
        env: { A: '1', B: '2' },
        dir: '/srv',
        user: '10001:10001',
        read_only: false,
        cap_drop: ['ALL'],
        cap_add: ['CAP_CHOWN', 'CAP_NET_BIND_SERVICE'],
        init: true,
        mounts: [
          { type: 'tmpfs', target: '/dev/shm', read_only: false, tmpfs_options: { size_bytes: 134217728 } },
          { type: 'tmpfs', target: '/run/app', read_only: false, tmpfs_options: { size_bytes: 1048576 } },
        ],
        configs: [],
        secrets: [],
        stop_signal: 'SIGQUIT',
        stop_grace_period: '1h',
        healthcheck: { test: ['CMD', 'ping'], interval: '2s', timeout: '500ms', start_period: '1m', retries: 4 },
      },
      resources: { limits: { memory_bytes: 268435456, nano_cpus: 500000000 }, reservation: { memory_bytes: 268435456 } },
      placement: { constraints: [], prefs: ['spread=node.labels.zone'] },
      networks_advanced: [
        { id: expect.stringMatching(`^\\$\\{docker_network\\.Net_${hash}\\.id\\}$`) },
        { id: expect.stringMatching(`^\\$\\{data\\.docker_network\\.Other_Found_${hash}\\.id\\}$`) },
      ],
      restart_policy: { condition: 'any', delay: '1s', max_attempts: 0, window: '0s' },
    });
    expect(found.mode).toEqual({ replicated: { replicas: 5 } });
    expect(found.update_config.parallelism).toBe(2);
    expect(synthesized.byPath('docker_network', 'shop/Net')).toEqual({
      name: 'shop-net',
      driver: 'overlay',
      attachable: true,
      internal: false,
      labels: labels('shop/Net'),
    });
  });

  test('of which only one may run ends before its successor starts, and is not waited for', () => {
    const found = service(
      synth((stack) => new Service(stack, 'Db', { image, updateStrategy: UpdateStrategy.STOP_FIRST }), NODE),
      'shop/Db',
    );
    expect([found.update_config.order, found.rollback_config.order, found.converge_config]).toEqual(['stop-first', 'stop-first', undefined]);
  });

  test('that publishes ports runs on each node at the edge, in host mode', () => {
    const build = (stack: TerraformStack) =>
      new Service(stack, 'Web', {
        image,
        publishedPorts: [
          { containerPort: 443, hostPort: 8443, address: '0.0.0.0', protocol: 'udp' },
          { containerPort: 80, hostPort: 8080, address: '0.0.0.0' },
        ],
      });
    const found = service(synth(build, { edgeNodes: SwarmNodes.labelled('edge', 'true') }), 'shop/Web');
    expect(found.mode).toEqual({ global: true });
    expect(found.task_spec.placement).toEqual({ constraints: ['node.labels.edge == true'], prefs: [] });
    expect(found.endpoint_spec).toEqual({
      mode: 'dnsrr',
      ports: [
        { target_port: 80, published_port: 8080, protocol: 'tcp', publish_mode: 'host' },
        { target_port: 443, published_port: 8443, protocol: 'udp', publish_mode: 'host' },
      ],
    });
    expect(service(synth(build, { edgeNodes: SwarmNodes.all() }), 'shop/Web').task_spec.placement).toBeUndefined();
    expect(service(synth(build, NODE), 'shop/Web').task_spec.placement).toEqual(ON_NODE1);
    expect(() => synth(build)).toThrow(
      'shop/Web: publishes a port, or shares a volume with what does, so it needs nodes: new DockerSwarm({ edgeNodes',
    );
  });

  test('cannot publish a port at one address', () => {
    const publish = (address?: string) => () =>
      synth((stack) => new Service(stack, 'Web', { image, publishedPorts: [{ containerPort: 80, hostPort: 8080, address }] }), NODE);
    expect(publish()).toThrow(
      'shop/Web: port 8080 is published at 127.0.0.1, and a Swarm opens a port at all addresses of a node: give the address 0.0.0.0',
    );
    expect(publish('::')).toThrow('shop/Web: port 8080 is published at ::, and a Swarm');
    expect(publish('0.0.0.0')).not.toThrow();
  });

  test('has one endpoint, its name, however many tasks there are', () => {
    const web = new Service(newSwarmStack(), 'Web', { image, replicas: 4 });
    expect(web.endpoints(8000)).toEqual([{ host: 'shop-web', port: 8000 }]);
    expect(web.containerNames).toEqual(['shop-web']);
  });

  test('that shall have no network is alone in one without a way out', () => {
    const synthesized = synth((stack) => new Service(stack, 'Web', { image, offline: true }));
    const [network] = service(synthesized, 'shop/Web').task_spec.networks_advanced;
    expect(network.id).toMatch(new RegExp(`^\\$\\{docker_network\\.Offline_${hash}\\.id\\}$`));
    expect(synthesized.byPath('docker_network', 'shop/Offline')).toMatchObject({ name: 'shop-offline-internal', driver: 'overlay', internal: true });
  });
});

describe('a network', () => {
  test('can be encrypted, under another name', () => {
    const found = synth((stack) => new Network(stack, 'Net', { internal: true }), { encryptedNetworks: true }).byPath('docker_network', 'shop/Net');
    expect(found).toMatchObject({
      name: 'shop-net-internal-encrypted',
      internal: true,
      options: { encrypted: '' },
      lifecycle: { ignore_changes: ['options'] },
    });
  });

  test('has no IPv6', () =>
    expect(() => new Network(newSwarmStack(), 'Net', { ipv6Subnet: 'fd00:1:2:3::/64' })).toThrow(
      'shop/Net: a network between the nodes of a Swarm has IPv4 alone, got the IPv6 network "fd00:1:2:3::/64"',
    ));
});

describe('files', () => {
  const build = (content: string) => (stack: TerraformStack) => {
    const files = new Files(stack, 'Conf', { image });
    files.addFile('a/app.conf', content);
    files.addProgram('run', '#!/bin/sh\n');
    const web = new Service(stack, 'Web', { image });
    web.addFiles(files, '/etc/app');
    const job = new Job(stack, 'Check', { image });
    job.addFiles(files, '/etc/app');
  };

  test('are a config each, which another content replaces before it is removed', () => {
    const synthesized = synth(build('key ${x} = 1\n'));
    const [[id, config]] = Object.entries(synthesized.all('docker_config'));
    expect(config).toEqual({
      name: `shop-conf-\${substr(sha256(each.key), 0, 8)}-${GENERATION}`,
      data_raw: '${each.value}',
      for_each: { 'a/app.conf': 'key $${x} = 1\n', run: '#!/bin/sh\n' },
      labels: labels('shop/Conf'),
      lifecycle: { create_before_destroy: true, ignore_changes: ['name'] },
    });
    const one = (path: string) => `docker_config.${id}["${path}"]`;
    expect(service(synthesized, 'shop/Web').task_spec.container_spec.configs).toEqual([
      { config_id: `\${${one('a/app.conf')}.id}`, config_name: `\${${one('a/app.conf')}.name}`, file_name: '/etc/app/a/app.conf', file_mode: 0o444 },
      { config_id: `\${${one('run')}.id}`, config_name: `\${${one('run')}.name}`, file_name: '/etc/app/run', file_mode: 0o555 },
    ]);
  });

  test('of another content run a job again', () => {
    const of = (content: string) => label(service(synth(build(content)), 'shop/Check'), 'org.cdktf-django.content.of.0');
    expect(of('one')).toMatch(/^[0-9a-f]{12}$/);
    expect(of('two')).not.toBe(of('one'));
  });

  test('are small', () =>
    expect(() => synth(build('x'.repeat(600_000)))).toThrow(
      'shop/Conf: file "a/app.conf" has 600000 bytes, and a config of a Swarm at most 512000; make it smaller, or put it into the image',
    ));
});

describe('a secret', () => {
  const consumer = (stack: TerraformStack, secret: Secret) => {
    const file = new SecretFile(stack, 'Key', { secret, secretName: 'key', image });
    new Service(stack, 'Web', { image }).addSecret(file);
    return file;
  };

  test('that is generated is made by Terraform, once, of letters and digits', () => {
    const synthesized = synth((stack) => consumer(stack, Secret.generated({ length: 100 })));
    const found = synthesized.byPath('docker_secret', 'shop/Key');
    const block = 'substr(replace(base64sha512(join("", [uuid(), uuid(), uuid(), uuid()])), "/[^A-Za-z0-9]/", ""), 0, 64)';
    expect(found).toEqual({
      name: `shop-key-${GENERATION}`,
      data: `\${base64encode(substr(join("", [${block}, ${block}]), 0, 100))}`,
      labels: labels('shop/Key'),
      lifecycle: { create_before_destroy: true, ignore_changes: ['name', 'data'] },
    });
  });

  test('is a file that its group alone can read', () => {
    let group = '';
    const synthesized = synth((stack) => (group = String(consumer(stack, Secret.generated()).group)));
    const { secrets, groups } = service(synthesized, 'shop/Web').task_spec.container_spec;
    const id = `docker_secret\\.Key_${hash}`;
    expect(secrets).toEqual([
      {
        secret_id: expect.stringMatching(`^\\$\\{${id}\\.id\\}$`),
        secret_name: expect.stringMatching(`^\\$\\{${id}\\.name\\}$`),
        file_name: '/run/secrets/key/value',
        file_gid: group,
        file_mode: 0o440,
      },
    ]);
    expect(groups).toEqual([group]);
  });

  test('of a variable is another one with another value', () => {
    const found = synth((stack) =>
      consumer(stack, Secret.fromVariable(new TerraformVariable(stack, 'Word', { type: 'string', sensitive: true }))),
    ).byPath('docker_secret', 'shop/Key');
    expect(found).toMatchObject({ data: '${base64encode(var.Word)}', lifecycle: { create_before_destroy: true, ignore_changes: ['name'] } });
  });

  test('says that its value is in the state, and what a destroy does to it', () => {
    const file = consumer(newSwarmStack(), Secret.generated());
    expect(file.node.metadata.filter(({ type }) => type === '@cdktf/warn').map(({ data }) => data as string)).toEqual([
      expect.stringContaining(
        "secret key is one of a Swarm, so its value is in Terraform's state, and a destroy removes it while the data that it opens may stay",
      ),
    ]);
  });

  test('is judged where the data is that it opens', () => {
    const synthesized = synth((stack) => {
      const volume = new Volume(stack, 'Data');
      const guard = { volume, file: 'marker', what: 'the database' };
      const file = new SecretFile(stack, 'Key', { secret: Secret.generated(), secretName: 'key', image, guard });
      const web = new Service(stack, 'Web', { image });
      web.addVolume(volume, '/data');
      web.addSecret(file);
    }, NODE);
    const guarding = service(synthesized, 'shop/Key');
    expect(guarding.name).toBe('shop-key-guard');
    expect(guarding.task_spec.placement).toEqual(ON_NODE1);
    expect(guarding.task_spec.container_spec).toMatchObject({
      args: [
        '-c',
        expect.any(String),
        'guard-secret',
        'key',
        'marker',
        'the database',
        expect.stringMatching(/^\$\{docker_secret\.Key_\w+\.name\}$/),
      ],
      mounts: [{ type: 'volume', source: 'shop-data', target: '/guarded', read_only: true }],
    });
    expect(label(guarding, 'org.cdktf-django.secret')).toMatch(/^\$\{docker_secret\.Key_\w+\.id\}$/);
    expect(service(synthesized, 'shop/Web').depends_on).toContainEqual(expect.stringMatching(`^docker_service\\.Key_Guard_`));
  });

  test('cannot be a file of one host', () =>
    expect(() => consumer(newSwarmStack(), Secret.fromFile('/etc/key'))).toThrow(
      'shop/Key: secret key is a file of one host, and a task of a Swarm may run on any: use Secret.generated() or Secret.fromVariable()',
    ));
});

describe('a job', () => {
  test('is a service that runs once, and is watched', () => {
    const found = service(
      synth((stack) => new Job(stack, 'Greet', { image, command: ['echo'], triggers: { word: 'x' }, timeout: Duration.minutes(2) })),
      'shop/Greet',
    );
    expect(found).toEqual({
      name: 'shop-greet',
      labels: labels('shop/Greet'),
      task_spec: {
        ...common,
        container_spec: {
          ...confined,
          image: expect.any(String),
          labels: [FINGERPRINT, ...labels('shop/Greet'), { label: 'org.cdktf-django.trigger.word', value: 'x' }],
          args: ['echo'],
          mounts: [tmp],
          configs: [],
          secrets: [],
        },
        restart_policy: { condition: 'none', delay: '0s', max_attempts: 0, window: '0s' },
      },
      mode: { replicated: { replicas: 1 } },
      endpoint_spec: { mode: 'dnsrr' },
      lifecycle: { ignore_changes: [FOUND_OUT] },
      provisioner: [
        {
          'local-exec': {
            quiet: true,
            command: WATCH_JOB.split('${').join('$${'),
            environment: { JOB: 'shop/Greet', JOB_SERVICE: 'shop-greet', JOB_TIMEOUT: '120' },
          },
        },
      ],
      depends_on: [expect.stringMatching(`^docker_image\\.Images_redis-8_${hash}$`)],
    });
  });

  test('is another one when anything of it is: it is run again, and not changed in place', () => {
    const print = (props: Partial<ConstructorParameters<typeof Job>[2]>) =>
      label(
        service(
          synth((stack) => new Job(stack, 'Greet', { image, ...props })),
          'shop/Greet',
        ),
        'org.cdktf-django.fingerprint',
      );
    const prints = [
      {},
      { command: ['x'] },
      { environment: { A: '1' } },
      { memory: Size.mebibytes(64) },
      { image: ContainerImage.fromRegistry('redis:7') },
    ].map(print);
    expect(new Set(prints).size).toBe(prints.length);
  });

  test('is waited for at the engine that the provider names', () => {
    const stack = new TerraformStack(Testing.app(), 'shop');
    Platform.use(stack, new DockerSwarm());
    new Job(stack, 'Greet', { image });
    // Declared last, as it may be.
    new DockerProvider(stack, 'Docker', { host: 'ssh://manager.example.com', certPath: '/certs' });
    const [{ 'local-exec': watch }] = service(new Synthesized(stack), 'shop/Greet').provisioner;
    expect(watch.environment).toMatchObject({ DOCKER_HOST: 'ssh://manager.example.com', DOCKER_CERT_PATH: '/certs', DOCKER_TLS_VERIFY: '1' });
  });

  test('is waited for by what runs after it, a single server among them', () => {
    const synthesized = synth((stack) => {
      const db = new Service(stack, 'Db', { image, updateStrategy: UpdateStrategy.STOP_FIRST });
      const job = new Job(stack, 'Greet', { image });
      job.runAfter(db);
      new Service(stack, 'Web', { image }).runAfter(job);
    }, NODE);
    expect(service(synthesized, 'shop/Greet').depends_on).toContainEqual(expect.stringMatching(`^docker_service\\.Db_${hash}$`));
    expect(service(synthesized, 'shop/Web').depends_on).toContainEqual(expect.stringMatching(`^docker_service\\.Greet_${hash}$`));
  });
});

describe('images', () => {
  const built = (stack: TerraformStack) => new Service(stack, 'Web', { image: ContainerImage.fromPythonProject('examples/hello') });

  test('that are built are pushed, and run by digest', () => {
    const synthesized = synth(built, { imageRegistry: 'registry.example.com/shop' });
    const [name] = Object.values(synthesized.all('docker_image')).map((one: Arguments) => one.name as string);
    expect(name).toMatch(/^registry\.example\.com\/shop\/shop-hello:[0-9a-f]{16}$/);
    const [[id, pushed]] = Object.entries(synthesized.all('docker_registry_image'));
    expect(pushed).toEqual({ name: expect.stringMatching(`^\\$\\{docker_image\\.Images_Web_${hash}\\.name\\}$`), keep_remotely: true });
    expect(service(synthesized, 'shop/Web').task_spec.container_spec.image).toBe(`${name}@\${docker_registry_image.${id}.sha256_digest}`);
  });

  test('that are built need a registry', () =>
    expect(() => synth(built)).toThrow(
      "shop/Web: image hello is built, and the nodes of a Swarm have to pull it: name a registry that all of them reach, new DockerSwarm({ imageRegistry: 'registry.example.com/shop' })",
    ));

  test('with a digest are run by it', () => {
    const reference = `redis@sha256:${'a'.repeat(64)}`;
    const found = service(
      synth((stack) => new Service(stack, 'Web', { image: ContainerImage.fromRegistry(reference) })),
      'shop/Web',
    );
    expect(found.task_spec.container_spec.image).toBe(reference);
  });
});

test('another stack of the same platform has its own constraints on Terraform and the provider', () => {
  const { terraform } = synth((stack) => new Service(stack, 'Web', { image }));
  expect([terraform.required_version, terraform.required_providers.docker.version]).toEqual(['>= 1.5.0', '>= 4.6.0, < 5.0.0']);
});

test('what is not of the allowed form is refused', () => {
  const make = (props: DockerSwarmProps) => () => new DockerSwarm(props);
  expect(make({ namespace: 'Shop' })).toThrow(
    'DockerSwarm: namespace must start with a letter and have lower-case letters, digits and dashes, at most 30, got "Shop"',
  );
  expect(make({ imageRegistry: 'https://x' })).toThrow('DockerSwarm: imageRegistry must be a registry and a path such as');
  expect(make({ imageMirror: 'x/' })).toThrow('DockerSwarm: imageMirror must be a registry and a path such as');
  expect(make({ dataNode: 'node 1' })).toThrow('DockerSwarm: dataNode: must be the host name of a node, as "docker node ls" shows it, got "node 1"');
  for (const sharedFolder of ['/', 'mnt', '/mnt/a b']) expect(make({ sharedFolder })).toThrow('DockerSwarm: sharedFolder must be an absolute path');
  expect(make({ spreadOver: 'a=b' })).toThrow('DockerSwarm: spreadOver must be the name of a label, of letters, digits, "_", "." and "-", got "a=b"');
});

test('a volume is what the node makes at its first mount, and a fresh one is handed to its owner where it lies', () => {
  const synthesized = synth((stack) => {
    const volume = new Volume(stack, 'Data', { owner: { user: 70, group: 71, image } });
    new Service(stack, 'Db', { image, updateStrategy: UpdateStrategy.STOP_FIRST }).addVolume(volume, '/data');
  }, NODE);
  expect(synthesized.all('docker_volume')).toEqual({});
  expect(service(synthesized, 'shop/Db').task_spec).toMatchObject({
    container_spec: { mounts: [{ type: 'volume', source: 'shop-data', target: '/data', read_only: false }, tmp] },
    placement: ON_NODE1,
  });
  const prepare = service(synthesized, 'shop/Data');
  expect(prepare).toMatchObject({
    name: 'shop-data-prepare',
    mode: { replicated: { replicas: 1 } },
    lifecycle: { ignore_changes: [FOUND_OUT, 'task_spec[0].container_spec[0].image'] },
  });
  expect(prepare.task_spec).toMatchObject({
    container_spec: {
      command: ['sh'],
      args: ['-c', expect.stringContaining('chown "$1" /volume'), 'prepare-volume', '70:71'],
      user: '0:0',
      read_only: true,
      cap_drop: ['ALL'],
      cap_add: ['CAP_CHOWN'],
      mounts: [{ type: 'volume', source: 'shop-data', target: '/volume', read_only: false }],
    },
    placement: ON_NODE1,
    networks_advanced: [{ id: expect.stringMatching(/docker_network\.Offline_/) }],
    restart_policy: { condition: 'none' },
  });
});

test('numbers that only Terraform knows are reckoned by it', () => {
  const found = service(
    synth((stack) => {
      const cpus = new TerraformVariable(stack, 'Cpus', { type: 'number' });
      new Service(stack, 'Web', { image, cpus: cpus.numberValue });
    }),
    'shop/Web',
  );
  expect(found.task_spec.resources).toEqual({ limits: { nano_cpus: '${ceil((var.Cpus * 1000000000))}' } });
});

/** The value of a label of a service's containers. */
function label(found: Arguments, name: string): string | undefined {
  return (found.task_spec.container_spec.labels as { label: string; value: string }[]).find((one) => one.label === name)?.value;
}

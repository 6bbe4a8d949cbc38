import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { Testing, TerraformStack, TerraformVariable } from 'cdktf';
import { Construct } from 'constructs';
import {
  ContainerImage,
  DockerEngine,
  DockerEngineProps,
  Duration,
  Files,
  HealthCheck,
  Job,
  Network,
  Platform,
  RemovalPolicy,
  Secret,
  SecretFile,
  Service,
  Size,
  UpdateStrategy,
  Volume,
} from '../../../lib';
import { Arguments, label, newStack, Synthesized } from '../../support/synth';

const image = ContainerImage.fromRegistry('redis:8');
const GENERATION = '${formatdate("YYYYMMDDhhmmss", plantimestamp())}';
const FINGERPRINT = { label: 'org.cdktf-django.fingerprint', value: expect.stringMatching(/^[0-9a-f]{12}$/) };
const hash = '[0-9A-F]{8}';

function objectLabels(path: string, namespace = 'shop'): unknown[] {
  return [
    { label: 'org.cdktf-django.namespace', value: namespace },
    { label: 'org.cdktf-django.path', value: path },
  ];
}

function labels(path: string, namespace = 'shop'): unknown[] {
  const [first, last] = objectLabels(path, namespace);
  return [FINGERPRINT, first, { label: 'org.cdktf-django.owner', value: '${terraform_data.Ownership.id}' }, last];
}

/** What all but containers, which refer to it, wait for. */
const OWNED = { depends_on: ['terraform_data.Ownership'] };

const confined = {
  read_only: true,
  tmpfs: { '/tmp': 'rw,nosuid,nodev,noexec,mode=1777,size=67108864' },
  capabilities: { drop: ['ALL'], add: [] },
  security_opts: ['no-new-privileges:true'],
  init: true,
  network_mode: 'bridge',
  log_driver: 'json-file',
  log_opts: { 'max-size': '10m', 'max-file': '3' },
};

function synth(build: (stack: TerraformStack) => void, engine?: DockerEngineProps): Synthesized {
  const stack = newStack('shop', engine);
  build(stack);
  return new Synthesized(stack);
}

describe('a service', () => {
  test('has exactly these arguments when nothing is asked for', () => {
    const container = synth((stack) => new Service(stack, 'Web', { image })).container('shop/Web');
    expect(container).toEqual({
      ...confined,
      name: `shop-web-${GENERATION}`,
      image: expect.stringMatching(`^\\$\\{docker_image\\.Images_redis-8_${hash}\\.image_id\\}$`),
      env: [],
      mounts: [],
      networks_advanced: [],
      ports: [],
      restart: 'unless-stopped',
      must_run: true,
      wait: false,
      stop_timeout: 30,
      destroy_grace_seconds: 30,
      lifecycle: { create_before_destroy: true, ignore_changes: ['name'] },
      depends_on: [expect.stringMatching(`^docker_image\\.Images_redis-8_${hash}$`)],
      labels: labels('shop/Web'),
    });
  });

  test('has exactly these arguments when all is asked for', () => {
    const container = synth((stack) => {
      const service = new Service(stack, 'Web', {
        image,
        command: ['serve', '--all'],
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
        healthCheck: HealthCheck.command(['ping'], {
          interval: Duration.seconds(2),
          timeout: Duration.millis(500),
          retries: 4,
          startPeriod: Duration.minutes(1),
        }),
        publishedPorts: [
          { containerPort: 443, hostPort: 8443, address: '0.0.0.0' },
          { containerPort: 80, hostPort: 8080, protocol: 'udp' },
        ],
        stopSignal: 'SIGQUIT',
        stopGracePeriod: Duration.millis(4500),
      });
      service.addVolume(new Volume(service, 'Data'), '/data');
      service.addReadOnlyVolume(new Volume(service, 'Other', { volumeName: 'other' }), '/a');
      service.joinNetwork(Network.fromNetworkName(stack, 'Net', 'company'));
    }).container('shop/Web');
    expect(container).toEqual({
      ...confined,
      name: 'shop-web',
      image: expect.any(String),
      command: ['serve', '--all'],
      entrypoint: ['/bin/app'],
      env: ['A=1', 'B=2'],
      working_dir: '/srv',
      user: '10001:10001',
      memory: 256,
      memory_swap: 256,
      cpu_period: 100000,
      cpu_quota: 50000,
      shm_size: 128,
      read_only: false,
      tmpfs: { '/run/app': 'rw,nosuid,nodev,noexec,mode=1777,size=1048576' },
      capabilities: { drop: ['ALL'], add: ['CAP_CHOWN', 'CAP_NET_BIND_SERVICE'] },
      healthcheck: { test: ['CMD', 'ping'], interval: '2s', timeout: '500ms', start_period: '1m0s', retries: 4 },
      mounts: [
        { type: 'volume', source: 'other', target: '/a', read_only: true },
        { type: 'volume', source: 'shop-web-data', target: '/data', read_only: false },
      ],
      networks_advanced: [{ name: 'company' }],
      ports: [
        { internal: 80, external: 8080, ip: '127.0.0.1', protocol: 'udp' },
        { internal: 443, external: 8443, ip: '0.0.0.0', protocol: 'tcp' },
      ],
      restart: 'unless-stopped',
      must_run: true,
      wait: false,
      stop_signal: 'SIGQUIT',
      stop_timeout: 5,
      destroy_grace_seconds: 5,
      depends_on: [expect.any(String)],
      labels: labels('shop/Web'),
    });
  });

  test('of several servers is several containers, each with a name of its own', () => {
    const containers = synth((stack) => new Service(stack, 'Web', { image, replicas: 3 })).all('docker_container');
    expect(Object.keys(containers).map((id) => id.replace(/_[0-9A-F]{8}$/, ''))).toEqual(['Web', 'Web_Replica2', 'Web_Replica3']);
    expect(Object.values(containers).map((one) => one.name)).toEqual([1, 2, 3].map((index) => `shop-web-${index}-${GENERATION}`));
  });

  test('is waited for when it is replaced without a gap and tells its health', () => {
    const healthCheck = HealthCheck.command(['true'], {
      interval: Duration.seconds(1),
      timeout: Duration.seconds(1),
      retries: 1,
      startPeriod: Duration.seconds(10),
    });
    const waiting = (updateStrategy: UpdateStrategy) =>
      synth((stack) => new Service(stack, 'Web', { image, healthCheck, updateStrategy })).container('shop/Web');
    expect(waiting(UpdateStrategy.START_FIRST)).toMatchObject({ wait: true, wait_timeout: 14 });
    expect(waiting(UpdateStrategy.STOP_FIRST)).toMatchObject({ wait: false });
    expect(waiting(UpdateStrategy.STOP_FIRST).wait_timeout).toBeUndefined();
    expect(waiting(UpdateStrategy.STOP_FIRST).lifecycle).toBeUndefined();
  });
});

describe('a job', () => {
  test('ends, tells its log, and fails the deploy when it failed', () => {
    const job = synth((stack) => new Job(stack, 'Migrate', { image, command: ['migrate'], timeout: Duration.seconds(61) })).container('shop/Migrate');
    expect(job).toEqual({
      ...confined,
      name: `shop-migrate-${GENERATION}`,
      image: expect.any(String),
      command: ['migrate'],
      env: [],
      mounts: [],
      networks_advanced: [],
      restart: 'no',
      attach: true,
      must_run: false,
      logs: true,
      tty: true,
      timeouts: { create: '2m' },
      lifecycle: { create_before_destroy: true, ignore_changes: ['name'] },
      provisioner: [
        {
          'local-exec': {
            quiet: true,
            command: 'printf "%s\\n" "$LOG"; if [ "$EXIT_CODE" != 0 ]; then echo "$JOB failed with exit code $EXIT_CODE" >&2; exit 1; fi',
            environment: { LOG: '${self.container_logs}', EXIT_CODE: '${self.exit_code}', JOB: 'shop/Migrate' },
          },
        },
      ],
      depends_on: [expect.any(String)],
      labels: labels('shop/Migrate'),
    });
  });
});

describe('files', () => {
  const build = (content: string) => (stack: TerraformStack) => {
    const service = new Service(stack, 'Web', { image });
    const files = new Files(service, 'Conf', { image });
    files.addFile('nginx.conf', content);
    files.addProgram('bin/run', '#!/bin/sh\n');
    service.addFiles(files, '/etc/app');
  };

  test('are brought into a volume by a container that never starts', () => {
    const result = synth(build('worker ${x} %{y} $host;\n'));
    const [[volumeId, volume]] = Object.entries(result.all('docker_volume'));
    expect(volumeId).toMatch(new RegExp(`^Web_Conf_Volume_${hash}$`));
    expect(volume).toEqual({
      ...OWNED,
      name: `shop-web-conf-${GENERATION}`,
      lifecycle: { create_before_destroy: true, ignore_changes: ['name'] },
      labels: [
        { label: 'org.cdktf-django.content', value: expect.stringMatching(/^[0-9a-f]{12}$/) },
        { label: 'org.cdktf-django.namespace', value: 'shop' },
        { label: 'org.cdktf-django.path', value: 'shop/Web/Conf' },
      ],
    });
    const reference = `\${docker_volume.${volumeId}.name}`;
    expect(result.container('shop/Web/Conf')).toEqual({
      name: `shop-web-conf-carrier-${GENERATION}`,
      image: expect.any(String),
      command: ['true'],
      start: false,
      must_run: false,
      restart: 'no',
      network_mode: 'none',
      log_driver: 'json-file',
      log_opts: { 'max-size': '10m', 'max-file': '3' },
      mounts: [{ type: 'volume', source: reference, target: '/files', read_only: false }],
      upload: [
        { file: '/files/bin/run', content: '#!/bin/sh\n', permissions: '0555' },
        { file: '/files/nginx.conf', content: 'worker $${x} %%{y} $host;\n', permissions: '0444' },
      ],
      lifecycle: { create_before_destroy: true, ignore_changes: ['name', 'image'] },
      depends_on: [expect.any(String)],
      labels: [{ label: 'org.cdktf-django.files', value: reference }, ...labels('shop/Web/Conf')],
    });
    const web = result.container('shop/Web');
    expect(web.mounts).toEqual([{ type: 'volume', source: reference, target: '/etc/app', read_only: true }]);
    expect(label(web, 'org.cdktf-django.files.0')).toBe(reference);
  });

  test('of another content are another volume', () => {
    const content = (text: string) => label(synth(build(text)).byPath('docker_volume', 'shop/Web/Conf'), 'org.cdktf-django.content');
    expect(content('one')).toBe(content('one'));
    expect(content('one')).not.toBe(content('two'));
  });
});

describe('volumes and networks', () => {
  test('a retained volume is never owned by Terraform', () => {
    expect(Object.keys(synth((stack) => new Volume(stack, 'Data')).addresses())).toEqual(['terraform_data.Ownership']);
  });

  test('one to be destroyed is', () => {
    const result = synth((stack) => new Volume(stack, 'Data', { removalPolicy: RemovalPolicy.DESTROY }));
    expect(result.all('docker_volume')).toEqual({ Data_666C94C7: { name: 'shop-data', labels: objectLabels('shop/Data'), ...OWNED } });
  });

  test('a fresh volume is handed to its owner by a job that can do nothing else', () => {
    const job = synth((stack) => new Volume(stack, 'Data', { owner: { user: 10001, group: 10002, image } })).container('shop/Data');
    expect(job).toMatchObject({
      name: `shop-data-prepare-${GENERATION}`,
      entrypoint: ['sh'],
      user: '0:0',
      read_only: true,
      memory: 64,
      memory_swap: 64,
      network_mode: 'none',
      capabilities: { drop: ['ALL'], add: ['CAP_CHOWN'] },
      security_opts: ['no-new-privileges:true'],
      mounts: [{ type: 'volume', source: 'shop-data', target: '/volume', read_only: false }],
      timeouts: { create: '5m' },
    });
    expect(job.command.slice(-2)).toEqual(['prepare-volume', '10001:10002']);
  });

  test('an offline workload has no network', () => {
    const job = synth((stack) => new Job(stack, 'Job', { image, offline: true })).container('shop/Job');
    expect([job.network_mode, job.networks_advanced]).toEqual(['none', []]);
  });

  test('a network has a fixed name, which tells whether it has a way out', () => {
    const result = synth((stack) => {
      new Network(stack, 'Open');
      new Network(stack, 'Closed', { internal: true });
    });
    expect(Object.values(result.all('docker_network'))).toEqual([
      { name: 'shop-closed-internal', driver: 'bridge', internal: true, labels: objectLabels('shop/Closed'), ...OWNED },
      { name: 'shop-open', driver: 'bridge', internal: false, labels: objectLabels('shop/Open'), ...OWNED },
    ]);
  });

  test('a network with IPv6 has the gateway that the engine would choose, and another name for each subnet', () => {
    const networkOf = (ipv6Subnet: string) => Object.values(synth((stack) => new Network(stack, 'Edge', { ipv6Subnet })).all('docker_network'))[0];
    const network = networkOf('fd7c:31a0:9e5b:1::/64');
    expect(network).toMatchObject({
      ipv6: true,
      ipam_config: [{ subnet: 'fd7c:31a0:9e5b:1::/64', gateway: 'fd7c:31a0:9e5b:1::1' }],
      lifecycle: { ignore_changes: ['ipam_config'] },
    });
    expect(network.name).toMatch(/^shop-edge-[0-9a-z]{6}$/);
    expect(networkOf('fd7c:31a0:9e5b:2::/64').name).not.toBe(network.name);
  });
});

describe('secrets', () => {
  function withSecret(secret: (stack: TerraformStack) => Secret, props: object = {}): Synthesized {
    return synth((stack) => {
      const job = new Job(stack, 'Job', { image });
      job.addSecret(new SecretFile(stack, 'Key', { secret: secret(stack), secretName: 'key', image, ...props }));
    });
  }
  const mounted = (result: Synthesized): Arguments[] => result.container('shop/Job').mounts;

  test('a generated one is made by a job in a volume of its own, which Terraform does not own', () => {
    const result = withSecret(() => Secret.generated({ length: 40 }));
    expect(result.all('docker_volume')).toEqual({});
    const job = result.container('shop/Key');
    expect(job).toMatchObject({
      entrypoint: ['sh'],
      user: '0:0',
      network_mode: 'none',
      capabilities: { drop: ['ALL'], add: ['CAP_CHOWN'] },
      mounts: [{ type: 'volume', source: 'shop-key', target: '/secret', read_only: false }],
    });
    const group = result.container('shop/Job').group_add[0];
    expect(job.command.slice(2)).toEqual(['generate-secret', 'key', '40', group, 'shop-key']);
    expect(mounted(result)).toEqual([{ type: 'volume', source: 'shop-key', target: '/run/secrets/key', read_only: true }]);
  });

  test('a generated one that opens data is not made beside it', () => {
    const result = synth((stack) => {
      const guard = { volume: new Volume(stack, 'Data'), file: 'marker', what: 'the ${data}' };
      new SecretFile(stack, 'Key', { secret: Secret.generated(), secretName: 'key', image, guard });
    });
    const job = result.container('shop/Key');
    expect(job.command.slice(-2)).toEqual(['marker', 'the $${data}']);
    expect(job.mounts).toContainEqual({ type: 'volume', source: 'shop-data', target: '/guarded', read_only: true });
  });

  test('a generated one to be destroyed has a volume of Terraform', () => {
    const result = withSecret(() => Secret.generated(), { removalPolicy: RemovalPolicy.DESTROY });
    expect(Object.values(result.all('docker_volume'))).toEqual([{ name: 'shop-key', labels: objectLabels('shop/Key'), ...OWNED }]);
    expect(mounted(result)[0].source).toMatch(new RegExp(`^\\$\\{docker_volume\\.Key_Volume_${hash}\\.name\\}$`));
  });

  test('a file is mounted as it is', () => {
    const result = withSecret(() => Secret.fromFile('/etc/shop/${key}'));
    expect(Object.keys(result.all('docker_container'))).toEqual([expect.stringMatching(`^Job_${hash}$`)]);
    expect(result.container('shop/Job').group_add).toBeUndefined();
    expect(mounted(result)).toEqual([{ type: 'bind', source: '/etc/shop/$${key}', target: '/run/secrets/key/value', read_only: true }]);
  });

  test('a variable is carried into a volume, and a new value replaces its consumers', () => {
    const result = withSecret((stack) => Secret.fromVariable(new TerraformVariable(stack, 'v', { sensitive: true })));
    expect(result.container('shop/Key')).toMatchObject({
      start: false,
      upload: [{ file: '/files/value', content: '${var.v}', permissions: '0444' }],
    });
    expect(Object.values(result.all('terraform_data'))).toContainEqual({ triggers_replace: '${var.v}' });
    // Not the carrier, of which the label would change when a pruned one is made again.
    expect(label(result.container('shop/Job'), 'org.cdktf-django.secret.0')).toMatch(
      new RegExp(`^\\$\\{terraform_data\\.Key_Version_${hash}\\.id\\}$`),
    );
  });
});

describe('text of a user is no Terraform', () => {
  test('in every place where it can be', () => {
    const evil = 'a ${b} %{c}';
    const escaped = 'a $${b} %%{c}';
    const container = synth(
      (stack) =>
        new Service(stack, 'Web', {
          image,
          command: [evil],
          entrypoint: [evil],
          environment: { A: evil },
          workingDirectory: `/${evil}`,
          healthCheck: HealthCheck.command([evil]),
        }),
    ).container('shop/Web');
    expect(container).toMatchObject({ command: [escaped], entrypoint: [escaped], env: [`A=${escaped}`], working_dir: `/${escaped}` });
    expect(container.healthcheck.test).toEqual(['CMD', escaped]);
  });

  test('and what is known late passes', () => {
    const container = synth((stack) => {
      const variable = new TerraformVariable(stack, 'v', {});
      new Service(stack, 'Web', { image, command: [`--x=${variable.stringValue}`], environment: { A: `${variable.stringValue} \${b}` } });
    }).container('shop/Web');
    expect(container).toMatchObject({ command: ['--x=${var.v}'], env: ['A=${var.v} $${b}'] });
  });
});

describe('order', () => {
  test('nothing that is created before it is destroyed waits for what may run once', () => {
    const refuse = (build: (stack: TerraformStack, single: Service) => void) => () =>
      synth((stack) => build(stack, new Service(stack, 'Db', { image, updateStrategy: UpdateStrategy.STOP_FIRST })));
    const message = (path: string) =>
      new RegExp(`^shop/${path}: cannot run after shop/Db, of which only one may run at a time: .*; wait for it in the program instead$`);
    expect(refuse((stack, single) => new Service(stack, 'Web', { image }).runAfter(single))).toThrow(message('Web'));
    expect(refuse((stack, single) => new Job(stack, 'Job', { image }).runAfter(single))).toThrow(message('Job'));
    expect(refuse((stack, single) => new Service(stack, 'Two', { image, updateStrategy: UpdateStrategy.STOP_FIRST }).runAfter(single))).not.toThrow();
  });

  test('a dependency that was set by hand stays', () => {
    const result = synth((stack) => {
      const job = new Job(stack, 'Job', { image });
      const other = new Job(stack, 'Other', { image });
      job.resources[0].dependsOn = ['docker_network.mine'];
      job.runAfter(other);
    });
    expect(result.container('shop/Job').depends_on).toEqual([
      'docker_network.mine',
      expect.stringMatching(/^docker_image\./),
      expect.stringMatching(`^docker_container.Other_${hash}$`),
    ]);
  });
});

describe('the engine', () => {
  test('asks for a provider that works, and for a Terraform that knows plantimestamp()', () => {
    const { terraform } = synth((stack) => new Network(stack, 'Net'));
    expect(terraform.required_providers.docker).toEqual({ source: 'kreuzwerker/docker', version: '>= 4.6.0, < 5.0.0' });
    expect(terraform.required_version).toBe('>= 1.5.0');
  });

  test('its namespace is the first part of every name, and in every label', () => {
    const result = synth((stack) => new Service(stack, 'Web', { image }), { namespace: 'staging' });
    const web = result.container('shop/Web');
    expect(web.name).toBe(`staging-web-${GENERATION}`);
    expect(web.labels).toEqual(labels('shop/Web', 'staging'));
  });

  test('may have a provider of its own, and all resources are of that one', () => {
    const stack = new TerraformStack(Testing.app(), 'shop');
    new DockerProvider(stack, 'Docker');
    const provider = new DockerProvider(stack, 'Remote', { alias: 'remote', host: 'ssh://deploy@example.com' });
    Platform.use(stack, new DockerEngine({ provider }));
    const service = new Service(stack, 'Web', { image });
    service.joinNetwork(new Network(stack, 'Net'));
    service.addVolume(new Volume(stack, 'Data', { removalPolicy: RemovalPolicy.DESTROY, owner: { user: 1, group: 1, image } }), '/data');
    service.addSecret(new SecretFile(stack, 'Key', { secret: Secret.generated(), secretName: 'key', image, removalPolicy: RemovalPolicy.DESTROY }));
    const files = new Files(stack, 'Files', { image });
    files.addFile('a', 'x');
    service.addFiles(files, '/files');
    const resources = Object.entries(new Synthesized(stack).addresses());
    expect(resources.length).toBe(10);
    for (const [address, resource] of resources) {
      expect([address, resource.provider]).toEqual([address, address === 'terraform_data.Ownership' ? undefined : 'docker.remote']);
    }
  });

  test('two engines in one stack may have the same names and images', () => {
    const stack = newStack();
    for (const alias of ['one', 'two']) {
      const area = new Construct(stack, alias);
      Platform.use(area, new DockerEngine({ provider: new DockerProvider(stack, `Docker-${alias}`, { alias }) }));
      new Job(area, 'Job', { image });
    }
    const images = Object.values(new Synthesized(stack).all('docker_image'));
    expect(images.map((one) => one.provider).sort()).toEqual(['docker.one', 'docker.two']);
  });

  test.each<[DockerEngineProps, RegExp]>([
    [{ namespace: 'Shop' }, /^DockerEngine: namespace must start with a letter and have lower-case letters, .*, got "Shop"$/],
    [{ namespace: '' }, /^DockerEngine: namespace .*, got ""$/],
    [{ namespace: '1shop' }, /^DockerEngine: namespace/],
    [{ namespace: 'x'.repeat(31) }, /^DockerEngine: namespace .* at most 30, got "x+"$/],
    [
      { imageMirror: 'https://registry.example.com' },
      /^DockerEngine: imageMirror must be a registry and a path .*, got "https:\/\/registry.example.com"$/,
    ],
    [{ imageMirror: 'registry.example.com/' }, /^DockerEngine: imageMirror must be/],
    [{ imageMirror: '' }, /^DockerEngine: imageMirror must be .*, got ""$/],
  ])('%o is refused', (props, message) => expect(() => new DockerEngine(props)).toThrow(message));

  test.each(['1shop', 'x'.repeat(31)])('the stack id %s makes no namespace, and the way out is told', (id) => {
    expect(() => new Network(newStack(id), 'Net')).toThrow(
      /: the namespace made of the stack id must be made of .* \(set one with new DockerEngine\(\{ namespace \}\)\), got "/,
    );
    expect(() => new Network(newStack(id, { namespace: 'good' }), 'Net')).not.toThrow();
  });

  test('two constructs of one name on the engine are refused', () => {
    const stack = newStack();
    new Service(stack, 'MyWeb', { image });
    expect(() => new Service(stack, 'my-web', { image })).toThrow(
      /^shop\/my-web: its name on the engine, shop-my-web, is the one of shop\/MyWeb too/,
    );
  });
});

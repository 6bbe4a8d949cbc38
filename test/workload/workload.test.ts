import { TerraformVariable, Token } from 'cdktf';
import { Construct } from 'constructs';
import { ContainerImage, Files, Job, Network, Secret, SecretFile, Service, Size, Volume, WorkloadProps } from '../../lib';
import { newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('redis:8');
const newJob = (props: object = {}) => new Job(newStack(), 'Job', { image, ...props } as WorkloadProps);

test('what was given can be read back, as copies', () => {
  const command = ['a', 'b'];
  const job = newJob({ command, environment: { A: '1' }, capabilities: ['CHOWN'] });
  command.push('c');
  job.networks.push(new Network(job, 'N'));
  expect(job).toMatchObject({
    command: ['a', 'b'],
    environment: { A: '1' },
    capabilities: ['CHOWN'],
    networks: [],
    volumeMounts: [],
    filesMounts: [],
    secrets: [],
  });
});

test('least privilege is the default', () => {
  expect(newJob()).toMatchObject({ readOnlyRoot: true, capabilities: [], tmpfs: { '/tmp': Size.mebibytes(64) } });
});

test('an offline one is in no network, and joins none', () => {
  expect(newJob().offline).toBe(false);
  const job = newJob({ offline: true });
  expect(job.offline).toBe(true);
  expect(() => job.joinNetwork(new Network(job, 'Net'))).toThrow(
    'shop/Job: an offline workload cannot join the network shop/Job/Net; leave out offline',
  );
});

test('what looks like a secret and is none is said to be public', () => {
  const job = newJob({ publicEnvironment: { RECAPTCHA_SECRET: 'none' } });
  job.addPublicEnvironment('BROKER', 'amqp://guest:guest@queue');
  expect(job.environment).toEqual({ RECAPTCHA_SECRET: 'none', BROKER: 'amqp://guest:guest@queue' });
  expect(() => job.addPublicEnvironment('BROKER', 'x')).toThrow('shop/Job: environment variable BROKER is set already; set it in one place');
});

test('an empty command is the one of the image', () => expect(newJob({ command: [] }).command).toBeUndefined());

test('a network is joined once, a secret is mounted once', () => {
  const job = newJob();
  const network = new Network(job, 'Net');
  job.joinNetwork(network);
  job.joinNetwork(network);
  const secret = new SecretFile(job, 'Key', { secret: Secret.generated(), secretName: 'key', image });
  job.addSecret(secret);
  job.addSecret(secret);
  expect(job.networks).toEqual([network]);
  expect(job.secrets).toEqual([secret]);
});

test('numbers and texts that are known late pass', () => {
  const stack = newStack();
  const variable = new TerraformVariable(stack, 'v', {});
  const job = new Job(stack, 'Job', {
    image,
    cpus: variable.numberValue,
    user: variable.stringValue,
    environment: { A: `x-${variable.stringValue}` },
  });
  expect(Token.isUnresolved(job.cpus)).toBe(true);
  expect(new Synthesized(stack).container('shop/Job')).toMatchObject({
    user: '${var.v}',
    env: ['A=x-${var.v}'],
    cpu_quota: '${ceil((var.v * 100000))}',
  });
});

describe('bad input is refused with the path of the construct', () => {
  test.each<[string, object, RegExp]>([
    ['an empty entrypoint', { entrypoint: [] }, /^shop\/Job: entrypoint must name a program, got an empty list; leave it out for the image's own$/],
    ['an empty argument', { command: ['a', ''] }, /^shop\/Job: an argument of command or entrypoint must be a string that is not empty, got ""$/],
    ['a number as argument', { entrypoint: [5] }, /^shop\/Job: an argument of command or entrypoint must be .*, got 5$/],
    ['a user by name', { user: 'www-data' }, /^shop\/Job: user must be a numeric user and group id such as "10001:10001", got "www-data"$/],
    ['a user without a group', { user: '10001' }, /^shop\/Job: user must be a numeric/],
    ['too little memory', { memory: Size.mebibytes(5) }, /^shop\/Job: memory must be 6 MiB or more, .*, got 5 MiB$/],
    ['no CPU', { cpus: 0 }, /^shop\/Job: cpus must be from 0.01 to 1024, got 0$/],
    ['negative CPUs', { cpus: -1 }, /^shop\/Job: cpus must be .*, got -1$/],
    ['CPUs that are no number', { cpus: NaN }, /^shop\/Job: cpus must be .*, got NaN$/],
    ['too many CPUs', { cpus: 1025 }, /^shop\/Job: cpus must be .*, got 1025$/],
    [
      'a capability with its prefix in lower case',
      { capabilities: ['cap_chown'] },
      /^shop\/Job: a capability must be upper-case .*, got "cap_chown"$/,
    ],
    ['a tmpfs that is not absolute', { tmpfs: { tmp: Size.mebibytes(1) } }, /^shop\/Job: a tmpfs path must be absolute, got "tmp"$/],
    [
      'a variable with a dash',
      { environment: { 'A-B': '1' } },
      /^shop\/Job: the name of an environment variable must be made of letters, digits and "_", got "A-B"$/,
    ],
    ['a variable with "="', { environment: { 'A=B': '1' } }, /^shop\/Job: the name of an environment variable/],
    ['a number as value', { environment: { A: 1 } }, /^shop\/Job: environment variable A must be a string, got 1$/],
    [
      'a secret among the variables',
      { environment: { API_KEY: 'hunter2' } },
      /^shop\/Job: environment variable API_KEY has the name of a secret, and everybody who .* would see it; make a SecretFile of Secret\.generated\(\), Secret\.fromFile\(\) or Secret\.fromVariable\(\), .* give it in publicEnvironment, or by addPublicEnvironment\(\)$/,
    ],
    ['a secret among the arguments', { command: ['run', '--password=a'] }, /^shop\/Job: argument 2 of command gives the value of --password, which/],
    ['a secret in the entrypoint', { entrypoint: ['run', 'redis://:a@b'] }, /^shop\/Job: argument 2 of entrypoint has a URL with a password in it/],
    ['a NUL character', { environment: { A: 'a\0b' } }, /^shop\/Job: environment variable A must not contain a NUL character$/],
    ['an image without a tag', { image: ContainerImage.fromRegistry('redis') }, /^shop\/Job: image must have a tag/],
  ])('%s', (_what, props, message) => expect(() => newJob(props)).toThrow(message));

  test('a variable that is set twice', () => {
    const job = newJob({ environment: { A: '1' } });
    expect(() => job.addEnvironment('A', '2')).toThrow(/^shop\/Job: environment variable A is set already; set it in one place$/);
  });

  test.each(['data', '/', '/a/', '/a b', '/a;b', '', '/a:ro'])('the mount path %j', (path) => {
    const job = newJob();
    expect(() => job.addVolume(new Volume(job, 'V'), path)).toThrow(/^shop\/Job: a mount path must be absolute and made of .*, got "/);
    expect(() => job.addFiles(new Files(job, 'F', { image }), path)).toThrow(/^shop\/Job: a mount path must be absolute/);
  });

  test.each(['etc', '/', '', '/a\nb'])('the folder of the host %j', (path) => {
    for (const method of ['addHostFolder', 'addReadOnlyHostFolder'] as const) {
      expect(() => newJob()[method](path, '/data')).toThrow(/^shop\/Job: a folder of the host must be an absolute path, and not "\/", got "/);
    }
  });

  test('a mount path that is taken, by whatever', () => {
    const job = newJob();
    const volume = new Volume(job, 'V');
    const files = new Files(job, 'F', { image });
    job.addVolume(volume, '/data');
    job.addFiles(files, '/files');
    job.addReadOnlyHostFolder('/etc/ssl', '/host');
    const taken = (path: string) => new RegExp(`^shop/Job: something is mounted at ${path} already; choose another path$`);
    expect(() => job.addReadOnlyVolume(volume, '/data')).toThrow(taken('/data'));
    expect(() => job.addVolume(volume, '/files')).toThrow(taken('/files'));
    expect(() => job.addFiles(files, '/data')).toThrow(taken('/data'));
    expect(() => job.addFiles(files, '/tmp')).toThrow(taken('/tmp'));
    expect(() => job.addReadOnlyHostFolder('/etc', '/host')).toThrow(taken('/host'));
    expect(() => job.addReadOnlyHostFolder('/etc', '/data')).toThrow(taken('/data'));
    expect(() => job.addHostFolder('/etc', '/data')).toThrow(taken('/data'));
  });

  test('two secrets of one name', () => {
    const job = newJob();
    const key = (id: string) => new SecretFile(job, id, { secret: Secret.generated(), secretName: 'key', image });
    job.addSecret(key('One'));
    expect(() => job.addSecret(key('Two'))).toThrow(/^shop\/Job: a secret named "key" is mounted already; give shop\/Job\/Two another secretName$/);
  });

  test('an order that nothing can keep', () => {
    const job = newJob();
    expect(() => job.runAfter(new Construct(job, 'Plain'))).toThrow(
      /^shop\/Job: cannot run after shop\/Job\/Plain: it is no workload, volume, secret, network or folder of files$/,
    );
  });
});

test('a workload waits for all that it uses', () => {
  const stack = newStack();
  const service = new Service(stack, 'Web', { image });
  const job = new Job(stack, 'Job', { image });
  const files = new Files(service, 'Conf', { image });
  files.addFile('a', 'x');
  service.addFiles(files, '/files');
  service.addSecret(new SecretFile(service, 'Key', { secret: Secret.generated(), secretName: 'key', image }));
  service.addVolume(new Volume(service, 'Data', { owner: { user: 10001, group: 10001, image } }), '/data');
  service.joinNetwork(new Network(service, 'Net'));
  service.runAfter(job, job);
  const addresses = new Synthesized(stack).container('shop/Web').depends_on.map((one: string) => one.replace(/_[0-9A-F]{8}$/, ''));
  expect(addresses).toEqual([
    'docker_image.Images_redis-8',
    'docker_volume.Web_Conf_Volume',
    'docker_container.Web_Conf',
    'docker_container.Web_Key',
    'docker_container.Web_Data_Prepare',
    'docker_network.Web_Net',
    'docker_container.Job',
  ]);
});

test('a folder of the host is mounted for reading, or for writing too', () => {
  const stack = newStack();
  const job = new Job(stack, 'Job', { image });
  job.addReadOnlyHostFolder('/etc/ssl', '/read');
  job.addHostFolder('/srv/${data}', '/written');
  expect(job.hostFolderMounts.map(({ readOnly }) => readOnly)).toEqual([true, false]);
  expect(new Synthesized(stack).container('shop/Job').mounts).toEqual([
    { type: 'bind', source: '/etc/ssl', target: '/read', read_only: true },
    { type: 'bind', source: '/srv/$${data}', target: '/written', read_only: false },
  ]);
});

import { TerraformVariable } from 'cdktf';
import { ContainerImage, Duration, Files, HealthCheck, Network, Secret, SecretFile, Service, ServiceProps, Size, Volume } from '../../../lib';
import { label, newStack, Synthesized } from '../../support/synth';

const base: ServiceProps = {
  image: ContainerImage.fromRegistry('redis:8'),
  command: ['serve'],
  entrypoint: ['app'],
  environment: { A: '1' },
  workingDirectory: '/srv',
  user: '1:1',
  memory: Size.mebibytes(64),
  cpus: 1,
  sharedMemory: Size.mebibytes(64),
  readOnlyRoot: true,
  tmpfs: { '/tmp': Size.mebibytes(1) },
  capabilities: ['CHOWN'],
  healthCheck: HealthCheck.command(['true']),
  publishedPorts: [{ containerPort: 80, hostPort: 80 }],
  stopSignal: 'SIGTERM',
  stopGracePeriod: Duration.seconds(10),
};

function fingerprint(change: object = {}, more: (service: Service) => void = () => {}): string {
  const stack = newStack();
  const service = new Service(stack, 'Web', { ...base, ...change });
  more(service);
  return label(new Synthesized(stack).container('shop/Web'), 'org.cdktf-django.fingerprint')!;
}

const before = fingerprint();

test('is the same for the same arguments', () => expect(fingerprint()).toBe(before));

test.each<[string, object]>([
  ['image', { image: ContainerImage.fromRegistry('redis:7') }],
  ['command', { command: ['serve', 'more'] }],
  ['no command', { command: undefined }],
  ['entrypoint', { entrypoint: ['other'] }],
  ['a variable that is changed', { environment: { A: '2' } }],
  ['a variable that is added', { environment: { A: '1', B: '' } }],
  ['a variable that is removed', { environment: {} }],
  ['workingDirectory', { workingDirectory: '/' }],
  ['user', { user: '2:1' }],
  ['cpus', { cpus: 2 }],
  ['sharedMemory', { sharedMemory: Size.mebibytes(65) }],
  ['readOnlyRoot', { readOnlyRoot: false }],
  ['tmpfs', { tmpfs: { '/tmp': Size.mebibytes(2) } }],
  ['capabilities', { capabilities: [] }],
  ['the command of the health check', { healthCheck: HealthCheck.command(['false']) }],
  ['the interval of the health check', { healthCheck: HealthCheck.command(['true'], { interval: Duration.seconds(6) }) }],
  ['the retries of the health check', { healthCheck: HealthCheck.command(['true'], { retries: 4 }) }],
  ['no health check', { healthCheck: undefined }],
  ['the host port', { publishedPorts: [{ containerPort: 80, hostPort: 81 }] }],
  ['the address', { publishedPorts: [{ containerPort: 80, hostPort: 80, address: '0.0.0.0' }] }],
  ['stopSignal', { stopSignal: 'SIGINT' }],
  ['stopGracePeriod', { stopGracePeriod: Duration.seconds(11) }],
])('another %s replaces the container', (_what, change) => expect(fingerprint(change)).not.toBe(before));

test.each(['Conf', 'Data', 'Key'])('another image does not replace what does the same in any: %s', (id) => {
  const of = (tag: string) => {
    const stack = newStack();
    const image = ContainerImage.fromRegistry(`redis:${tag}`);
    new Files(stack, 'Conf', { image }).addFile('a', 'b');
    new Volume(stack, 'Data', { owner: { user: 1, group: 1, image } });
    new SecretFile(stack, 'Key', { secret: Secret.generated(), secretName: 'key', image });
    return label(new Synthesized(stack).container(`shop/${id}`), 'org.cdktf-django.fingerprint');
  };
  expect(of('7')).toBe(of('8'));
});

test('a volume, its path, its mode and a network replace the container', () => {
  const add = (path: string, readOnly: boolean) => (service: Service) => {
    const volume = new Volume(service, 'Data');
    if (readOnly) service.addReadOnlyVolume(volume, path);
    else service.addVolume(volume, path);
  };
  const prints = [
    before,
    fingerprint({}, add('/a', false)),
    fingerprint({}, add('/b', false)),
    fingerprint({}, add('/a', true)),
    fingerprint({}, (service) => service.joinNetwork(new Network(service, 'Net'))),
  ];
  expect(new Set(prints).size).toBe(prints.length);
});

test.each<[string, object]>([['memory', { memory: Size.mebibytes(128) }]])('%s is changed in place', (_what, change) =>
  expect(fingerprint(change)).toBe(before),
);

test('the order in which things were asked for does not matter', () => {
  expect(fingerprint({ environment: { B: '1', A: '1' }, capabilities: ['KILL', 'CHOWN'] })).toBe(
    fingerprint({ environment: { A: '1', B: '1' }, capabilities: ['CHOWN', 'KILL'] }),
  );
});

test('what is known late is part of it as its expression', () => {
  const late = (id: string) => {
    const stack = newStack();
    new Service(stack, 'Web', { ...base, environment: { A: new TerraformVariable(stack, id, {}).stringValue } });
    return label(new Synthesized(stack).container('shop/Web'), 'org.cdktf-django.fingerprint');
  };
  expect(late('one')).toBe(late('one'));
  expect(late('one')).not.toBe(late('two'));
});

test('an escape hatch reaches the container', () => {
  const stack = newStack();
  const service = new Service(stack, 'Web', base);
  service.resources[0].addOverride('hostname', 'web');
  expect(new Synthesized(stack).container('shop/Web').hostname).toBe('web');
});

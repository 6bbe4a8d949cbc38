import { TerraformVariable } from 'cdktf';
import { ContainerImage, Duration, Service, ServiceProps, UpdateStrategy } from '../../lib';
import { newStack } from '../support/synth';

const image = ContainerImage.fromRegistry('redis:8');
const newService = (props: object = {}) => new Service(newStack(), 'Web', { image, ...props } as ServiceProps);
const port = (containerPort: number, hostPort: number, more: object = {}) => ({ containerPort, hostPort, ...more });

test('defaults', () => {
  expect(newService()).toMatchObject({
    replicas: 1,
    updateStrategy: UpdateStrategy.START_FIRST,
    publishedPorts: [],
    stopGracePeriod: Duration.seconds(30),
  });
});

test('a service that publishes a port is stopped first', () => {
  expect(newService({ publishedPorts: [port(80, 8080)] }).updateStrategy).toBe(UpdateStrategy.STOP_FIRST);
});

test('one endpoint for each server, by names that hold within a release', () => {
  const service = newService({ replicas: 2 });
  const endpoints = service.endpoints(8000);
  expect(endpoints.map((endpoint) => endpoint.port)).toEqual([8000, 8000]);
  expect(endpoints.map((endpoint) => endpoint.host)).toEqual(service.containerNames);
  expect(new Set(service.containerNames).size).toBe(2);
  expect(newService({ updateStrategy: UpdateStrategy.STOP_FIRST }).containerNames).toEqual(['shop-web']);
});

test('its resources are reachable for what there is no prop for, and the list is a copy', () => {
  const service = newService({ replicas: 3 });
  service.resources.pop();
  expect(service.resources.map((resource) => resource.terraformResourceType)).toEqual(Array(3).fill('docker_container'));
  expect(service.node.defaultChild).toBe(service.resources[0]);
});

test.each<[string, object, RegExp]>([
  ['negative replicas', { replicas: -1 }, /^shop\/Web: replicas must be an integer from 1 to 1000, got -1$/],
  ['no replica', { replicas: 0 }, /^shop\/Web: replicas must be .*, got 0$/],
  ['half a replica', { replicas: 1.5 }, /^shop\/Web: replicas must be .*, got 1.5$/],
  ['too many replicas', { replicas: 1001 }, /^shop\/Web: replicas must be .*, got 1001$/],
  [
    'replicas with a port',
    { replicas: 2, publishedPorts: [port(80, 80)] },
    /^shop\/Web: replicas must be 1 with a published port or UpdateStrategy.STOP_FIRST, got 2; several servers go behind an NginxProxy$/,
  ],
  ['replicas of what runs once', { replicas: 2, updateStrategy: UpdateStrategy.STOP_FIRST }, /^shop\/Web: replicas must be 1 with/],
  [
    'a port of two servers at once',
    { updateStrategy: UpdateStrategy.START_FIRST, publishedPorts: [port(80, 80)] },
    /^shop\/Web: updateStrategy must be STOP_FIRST for a service that publishes ports/,
  ],
  [
    'a host port twice',
    { publishedPorts: [port(80, 8080), port(81, 8080)] },
    /^shop\/Web: host port 8080\/tcp is published twice, got 8080; publish it once$/,
  ],
  [
    'a container port twice',
    { publishedPorts: [port(80, 8080), port(80, 8081)] },
    /^shop\/Web: container port 80\/tcp is published twice, got 8081; publish it once$/,
  ],
  ['port 0', { publishedPorts: [port(0, 80)] }, /^shop\/Web: containerPort must be an integer from 1 to 65535, got 0$/],
  ['port 65536', { publishedPorts: [port(80, 65536)] }, /^shop\/Web: hostPort must be an integer from 1 to 65535, got 65536$/],
  [
    'a host name as address',
    { publishedPorts: [port(80, 80, { address: 'localhost' })] },
    /^shop\/Web: address must be an address of the host, .*, got "localhost"$/,
  ],
  ['another protocol', { publishedPorts: [port(80, 80, { protocol: 'sctp' })] }, /^shop\/Web: protocol must be tcp or udp, got "sctp"$/],
  ['a signal in lower case', { stopSignal: 'sigterm' }, /^shop\/Web: stopSignal must be the name of a signal such as "SIGTERM", got "sigterm"$/],
])('%s is refused', (_what, props, message) => expect(() => newService(props)).toThrow(message));

test('replicas that are known late are refused, since there would be none', () => {
  const stack = newStack();
  const replicas = new TerraformVariable(stack, 'v', { type: 'number' }).numberValue;
  expect(() => new Service(stack, 'Web', { image, replicas })).toThrow(/^shop\/Web: replicas must be known at synth, got a token/);
});

test('the same number may be published for TCP and UDP', () => {
  expect(() => newService({ publishedPorts: [port(53, 53), port(53, 53, { protocol: 'udp' })] })).not.toThrow();
});

test.each([0, 65536, 1.5])('an endpoint at port %s is refused', (number) => {
  expect(() => newService().endpoints(number)).toThrow(/^shop\/Web: port must be an integer from 1 to 65535, got /);
});

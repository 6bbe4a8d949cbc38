import { EngineObject } from '../../lib/cli/engine-objects';
import { Routed, straysOf } from '../../lib/cli/strays';

const known = { namespaces: new Set(['shop']), path: 'shop', ids: new Set(['known']), owner: 'ours', address: 'docker_container.Known' };
const never: Routed = () => false;

function object(name: string, more: Partial<EngineObject> = {}): EngineObject {
  return {
    kind: 'container',
    id: name,
    name,
    namespace: 'shop',
    path: 'shop/Web/Server',
    running: false,
    mounts: [],
    networks: [],
    generated: false,
    oneOff: false,
    ...more,
  };
}

const recorded = object('known', { running: true, networks: ['edge'] });

function strays(objects: EngineObject[], routed = never) {
  return straysOf(known, [recorded, ...objects], routed).map(({ object: { name }, kept, warning }) => [name, kept ?? warning ?? 'goes']);
}

test('what the state knows stays', () => expect(strays([])).toEqual([]));

test('containers go before networks before volumes of files', () => {
  const files = object('files', { kind: 'volume', generated: true });
  expect(strays([files, object('net', { kind: 'network' }), object('b'), object('a')])).toEqual([
    ['a', 'goes'],
    ['b', 'goes'],
    ['net', 'goes'],
    ['files', 'goes'],
  ]);
});

test('what is of another namespace or stack is not looked at', () => {
  expect(strays([object('other', { namespace: 'shop-2' }), object('another', { path: 'shop-2/Web' }), object('shop', { path: 'shop' })])).toEqual([]);
});

test('what another state has deployed stays, with what it uses', () => {
  const files = object('files', { kind: 'volume', generated: true });
  const theirs = object('theirs', { owner: 'theirs', mounts: [{ volume: 'files', target: '/files' }] });
  expect(strays([object('ours', { owner: 'ours' }), theirs, files])).toEqual([
    ['ours', 'goes'],
    ['theirs', 'it was deployed from another state'],
    ['files', 'theirs uses it'],
  ]);
});

test('a volume that may have data stays, and one that is in use', () => {
  const use = (volume: string) => ({ mounts: [{ volume, target: '/files' }] });
  expect(
    strays([
      object('cache', { kind: 'volume' }),
      object('used', { kind: 'volume', generated: true }),
      object('free', { kind: 'volume', generated: true }),
      object('goes', use('free')),
      object('stays', { namespace: 'shop-2', ...use('used') }),
    ]),
  ).toEqual([
    ['goes', 'goes'],
    ['cache', 'it may have data, and the next deploy takes it over if it is in the stack; without either: docker volume rm cache'],
    ['free', 'goes'],
    ['used', 'stays uses it'],
  ]);
});

describe('a running container', () => {
  const web = object('web-20260101000000', { running: true, networks: ['edge'], mounts: [{ volume: 'files', target: '/files' }] });
  const proxy = object('proxy', { path: 'edge/Proxy', running: true, networks: ['edge'], mounts: [{ volume: 'c', target: '/var/lib/proxy' }] });

  test('goes when no proxy of its network has routes to it', () => {
    expect(strays([web])).toEqual([[web.name, 'goes']]);
    expect(strays([web, proxy])).toEqual([[web.name, 'goes']]);
    expect(strays([web, { ...proxy, networks: ['elsewhere'] }], () => true)).toEqual([[web.name, 'goes']]);
    expect(strays([web, { ...proxy, running: false }], () => true)).toEqual([[web.name, 'goes']]);
  });

  test('stays when one has, or may have, and so does what it uses', () => {
    const files = object('files', { kind: 'volume', generated: true });
    expect(strays([web, proxy, files], (asked, name) => asked === proxy && name === web.name)).toEqual([
      [web.name, 'proxy has routes to it; deploy, which leads them to servers of the state, and sweep again'],
      ['files', `${web.name} uses it`],
    ]);
    expect(strays([web, proxy], () => undefined)).toEqual([[web.name, 'proxy cannot be asked whether it has routes to it; deploy, and sweep again']]);
  });

  test('is told of when there is no other of its kind', () => {
    expect(strays([object('shop-db-server', { running: true })])).toEqual([
      ['shop-db-server', 'it runs, and there is no other of its kind: from its removal to the next deploy it is missing'],
    ]);
  });
});

test('an engine that has nothing of the state is another one', () => {
  const message = 'none of the containers and networks that the state knows is on this engine, so it is another one; lead the docker client to';
  expect(() => straysOf(known, [object('other')], never)).toThrow(message);
  // A volume's id is its name, which another engine may have too.
  expect(() => straysOf(known, [object('known', { kind: 'volume' })], never)).toThrow(message);
});

import { bytesOf, ServerStatus, StackStatus } from '../../lib/cli/stack-status';
import { statusText } from '../../lib/cli/status-text';

const server: ServerStatus = {
  system: 'Shop/App',
  container: 'shop-shop-app-server-1-20261124120000',
  state: 'running',
  health: 'healthy',
  startedAt: '2026-11-24T12:00:10.123456789Z',
  createdAt: '2026-11-24T12:00:05.123456789Z',
  restarts: 0,
  image: 'cdktf-django/shop-shop:1f2e',
};
const status: StackStatus = {
  stack: 'shop',
  namespace: 'shop',
  engine: 'unix:///var/run/docker.sock',
  servers: [
    { ...server, system: 'Db', health: undefined, startedAt: '2026-11-20T12:00:10Z', image: 'postgres:18' },
    server,
    { ...server, startedAt: '2026-11-24T13:00:10Z' },
    { ...server, health: 'unhealthy', restarts: 3 },
    { ...server, state: 'exited', health: undefined },
  ],
  jobs: [{ job: 'Shop/App/Release', container: 'release', state: 'exited', exitCode: 0, finishedAt: '2026-11-24T12:00:05Z' }],
  oneOff: [],
  backups: [],
  disks: [{ volumes: ['shop-db-data', 'shop-shop-media'], bytes: 100 * 2 ** 30, freeBytes: 25 * 2 ** 30 }],
};
const now = new Date('2026-11-24T14:00:10Z');

test('servers that are alike share a line, since when the last of them was started', () => {
  expect(statusText(status, now)).toBe(
    [
      'Stack shop, namespace shop, on unix:///var/run/docker.sock',
      '',
      'SYSTEM    SERVERS  STATE      SINCE        RESTARTS  RELEASED          IMAGE',
      'Db        1        running    4 days       0         2026-11-24 12:00  postgres:18',
      'Shop/App  2        healthy    60 minutes   0         2026-11-24 12:00  cdktf-django/shop-shop:1f2e',
      'Shop/App  1        unhealthy  119 minutes  3         2026-11-24 12:00  cdktf-django/shop-shop:1f2e',
      'Shop/App  1        exited     119 minutes  0         2026-11-24 12:00  cdktf-django/shop-shop:1f2e',
      '',
      'Jobs: 1, all have ended well',
      'Backups: none are made',
      'Disk: 25.0 GiB of 100.0 GiB are free (shop-db-data, shop-shop-media)',
      '',
    ].join('\n'),
  );
});

test('what is wrong stands below, with what to do', () => {
  const [job] = status.jobs;
  const newest = { name: '20261124T030000Z', ageSeconds: 36_000, bytes: 5 << 20, problem: null };
  const text = statusText(
    {
      ...status,
      jobs: [
        { ...job, exitCode: 3 },
        { ...job, job: 'Shop/App/Preflight', state: 'running' },
      ],
      oneOff: ['silly_name'],
      backups: [
        { backup: 'Db/Archive', moments: { from: '2026-11-17T01:00:03Z', until: '2026-11-24T14:00:05Z' } },
        { backup: 'Db/Hourly' },
        { backup: 'Db/Nightly', newest },
        { backup: 'Db/Weekly', newest: { ...newest, problem: 'a checksum differs' } },
        { backup: 'Db/Yearly', unknown: 'its container does not run' },
      ],
      volumes: [{ volume: 'shop-db-data', bytes: 3 * 2 ** 30 }],
    },
    now,
  );
  expect(text.split('\n').slice(8)).toEqual([
    'Job Shop/App/Preflight runs: a deploy is under way',
    'Job Shop/App/Release failed 2 hours ago with exit code 3: cdktf-django logs Shop/App/Release',
    "Somebody's run: silly_name",
    'Archive Db/Archive: any moment from 2026-11-17T01:00:03Z to 2026-11-24T14:00:05Z',
    'Backup Db/Hourly: none yet',
    'Backup Db/Nightly: 20261124T030000Z, 10 hours old, 5.0 MiB, good',
    'Backup Db/Weekly: 20261124T030000Z, 10 hours old, 5.0 MiB, a checksum differs',
    'Backup Db/Yearly: cannot be asked: its container does not run',
    'Disk: 25.0 GiB of 100.0 GiB are free (shop-db-data, shop-shop-media)',
    'Volume shop-db-data: 3.0 GiB',
    '',
  ]);
});

test.each([
  ['0B', 0],
  ['46.2MB', 46_200_000],
  ['1.5kB', 1500],
  ['2GB', 2_000_000_000],
  ['N/A', NaN],
])('the size %s, as the client writes it', (text, count) => expect(bytesOf(text)).toBe(count));

test('on a Swarm it says on which nodes servers are', () => {
  const servers = [
    { ...server, node: 'beta' },
    { ...server, node: 'alpha' },
    { ...server, state: 'pending', health: undefined, node: undefined, startedAt: undefined },
  ];
  expect(
    statusText({ ...status, servers, disks: [] }, now)
      .split('\n')
      .slice(2, 5),
  ).toEqual([
    'SYSTEM    SERVERS  NODES        STATE    SINCE        RESTARTS  RELEASED          IMAGE',
    'Shop/App  2        alpha, beta  healthy  119 minutes  0         2026-11-24 12:00  cdktf-django/shop-shop:1f2e',
    'Shop/App  1        none yet     pending  -            0         2026-11-24 12:00  cdktf-django/shop-shop:1f2e',
  ]);
});

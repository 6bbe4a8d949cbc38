import { Token } from 'cdktf';
import { ContainerImage, DjangoService, DjangoServiceProps, Job, PostgresDb, PostgresDbProps, Schedule, Service, UpdateStrategy } from '../../lib';
import { ConnectionBudget } from '../../lib/postgres/connection-budget';
import { newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('localhost/client:1');

describe('what clients may open', () => {
  const claims = (fill: (budget: ConnectionBudget, stack: ReturnType<typeof newStack>) => void) => {
    const stack = newStack();
    const budget = new ConnectionBudget(stack);
    fill(budget, stack);
    return budget.claims;
  };

  test('is counted twice where a release has old and new servers side by side, and the largest comes first', () => {
    expect(
      claims((budget, stack) => {
        budget.add(new Job(stack, 'Once', { image }), { connections: 3 });
        budget.add(new Service(stack, 'Single', { image, updateStrategy: UpdateStrategy.STOP_FIRST }), { connections: 4 });
        budget.add(new Service(stack, 'Rolling', { image, replicas: 3 }), { connections: 5 });
      }),
    ).toEqual([
      { who: 'shop/Rolling', connections: 30, because: '3 x 5, and as many during a release' },
      { who: 'shop/Single', connections: 4, because: '1 x 4' },
      { who: 'shop/Once', connections: 3, because: 'a job' },
    ]);
  });

  test('is counted for each database of a server that a client has, as whichever role', () => {
    const stack = newStack();
    const db = new PostgresDb(stack, 'Db', { maxConnections: 20 });
    const client = new Service(stack, 'Client', { image, updateStrategy: UpdateStrategy.STOP_FIRST });
    db.addClient(client, { connections: 7 });
    db.addDatabase('metrics').addClient(client, { connections: 8 });
    db.addRole('reporting').addClient(client, { connections: 9 });
    expect(() => new Synthesized(stack)).toThrow(
      /maxConnections is 20, and \d+ connections may be open at once:\n +9 {2}shop\/Client as reporting: 1 x 9\n +8 {2}shop\/Client as metrics: 1 x 8\n +7 {2}shop\/Client: 1 x 7\n/,
    );
  });

  test('is guessed, and called a guess, where nobody states it', () => {
    expect(
      claims((budget, stack) => {
        budget.add(new Service(stack, 'Rolling', { image }));
        budget.add(new Job(stack, 'Once', { image }), { connections: Token.asNumber('${var.some}') });
      }),
    ).toEqual([
      { who: 'shop/Rolling', connections: 8, because: '1 x 4 (a guess: state its connections), and as many during a release' },
      { who: 'shop/Once', connections: 2, because: 'a job (a guess: state its connections)' },
    ]);
  });

  test('is counted once for a client that is added twice', () => {
    expect(
      claims((budget, stack) => {
        const client = new Job(stack, 'Once', { image });
        budget.add(client, { connections: 3 });
        budget.add(client);
      }),
    ).toEqual([{ who: 'shop/Once', connections: 3, because: 'a job' }]);
  });

  test.each([0, 1.5, 10_001])('cannot be %s', (connections) => {
    expect(() => claims((budget, stack) => budget.add(new Job(stack, 'Once', { image }), { connections }))).toThrow(
      `shop: connections of shop/Once must be an integer from 1 to 10000, got ${connections}`,
    );
  });
});

describe('the budget of a server', () => {
  function synth(props: PostgresDbProps, app: Partial<DjangoServiceProps> = {}): Synthesized {
    const stack = newStack();
    const database = new PostgresDb(stack, 'Db', props);
    const shop = new DjangoService(stack, 'Shop', { image, project: 'shop', database, workers: 3, threads: 4, ...app });
    shop.addCommand('Nightly', { schedule: Schedule.cron('0 4 * * *'), command: ['clearsessions'] });
    return new Synthesized(stack);
  }

  const server = (synthesized: Synthesized) => synthesized.container('shop/Db/Server').command as string[];

  test('is kept by an ordinary app, with the usual number', () => {
    expect(server(synth({}))).toContain('max_connections=100');
  });

  // 2 x 3 x 4 x 2 and two jobs with 2 each, a command with 1, 3 reserved and 5 for operators.
  test.each([60, 10])('refuses %s, and says who takes how many and what to do', (maxConnections) => {
    let message = '';
    try {
      synth({ maxConnections });
    } catch (error) {
      ({ message } = error as Error);
    }
    expect(message.split('\n')).toEqual([
      `shop/Db: maxConnections is ${maxConnections}, and 61 connections may be open at once:`,
      '  48  shop/Shop/App/Server: 2 x 12, and as many during a release',
      '   2  shop/Shop/App/Preflight: a job',
      '   2  shop/Shop/App/Release: a job',
      '   1  shop/Shop/Nightly/Scheduler: 1 x 1',
      '   3  superuser_reserved_connections: a parameter of the server',
      '   5  operators: kept free for psql, backups and health checks',
      'Set maxConnections to 80, or use fewer replicas, workers or threads, or give clients a pooler: database: db.addPooler().',
    ]);
  });

  test('is kept to the last connection', () => {
    expect(server(synth({ maxConnections: 61 }))).toContain('max_connections=61');
    expect(server(synth({ maxConnections: 70, parameters: { reserved_connections: '9' } }))).toContain('max_connections=70');
    expect(() => synth({ maxConnections: 69, parameters: { reserved_connections: '9' } })).toThrow('70 connections may be open at once');
    expect(() => synth({ maxConnections: 62, parameters: { superuser_reserved_connections: '5' } })).toThrow('63 connections may be open at once');
  });

  test('has what an app says of itself', () => {
    expect(server(synth({ maxConnections: 33 }, { databaseConnections: 5 }))).toContain('max_connections=33');
    expect(() => synth({ maxConnections: 32 }, { databaseConnections: 5 })).toThrow('20  shop/Shop/App/Server: 2 x 5, and as many during a release');
  });

  test('has a guess for an ASGI app', () => {
    expect(() => synth({ maxConnections: 60 }, { asgi: true, threads: undefined })).toThrow('48  shop/Shop/App/Server: 2 x 12,');
  });

  test('of one that only the deploy knows is not judged', () => {
    expect(server(synth({ maxConnections: Token.asNumber('${var.connections}') }))).toContain('max_connections=${var.connections}');
  });
});

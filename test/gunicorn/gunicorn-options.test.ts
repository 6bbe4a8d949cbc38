import { TerraformVariable } from 'cdktf';
import { Construct } from 'constructs';
import fc from 'fast-check';
import { Duration, GunicornOptions, Size } from '../../lib';
import { planGunicorn } from '../../lib/gunicorn/gunicorn-options';
import { newStack } from '../support/synth';

const scope = new Construct(newStack(), 'Hello');
const plan = (options: GunicornOptions = {}, cpus = 1, memory = Size.mebibytes(512)) => planGunicorn(scope, options, cpus, memory);

test('defaults, as arguments', () => {
  expect(plan().arguments).toEqual([
    ...['--worker-class', 'gthread'],
    ...['--workers', '3'],
    ...['--threads', '4'],
    ...['--timeout', '30'],
    ...['--graceful-timeout', '30'],
    ...['--keep-alive', '75'],
    ...['--max-requests', '10000'],
    ...['--max-requests-jitter', '1000'],
    ...['--forwarded-allow-ips', '*'],
  ]);
});

test('with asgi the worker is another, has no threads, and is never replaced', () => {
  expect(plan({ asgi: true })).toMatchObject({ workers: 3, threads: 1 });
  expect(plan({ asgi: true, preload: true }).arguments.join(' ')).toBe(
    '--worker-class asgi --workers 3 --timeout 30 --graceful-timeout 30 --keep-alive 75 --max-requests 0 --max-requests-jitter 0 --forwarded-allow-ips * --preload',
  );
  expect(plan({ asgi: true, maxRequests: 500 }).arguments.join(' ')).toContain('--max-requests 500 --max-requests-jitter 50');
});

test('everything can be said, and our own options come before the further ones', () => {
  const options = {
    workers: 5,
    threads: 2,
    timeout: Duration.minutes(1),
    gracefulTimeout: Duration.minutes(2),
    keepAlive: Duration.seconds(90),
    maxRequests: 500,
    maxRequestsJitter: 7,
    preload: true,
    gunicornArguments: ['--limit-request-line', '8190'],
  };
  expect(plan(options).arguments.join(' ')).toBe(
    '--worker-class gthread --workers 5 --threads 2 --timeout 60 --graceful-timeout 120 --keep-alive 90 --max-requests 500 --max-requests-jitter 7 --forwarded-allow-ips * --preload --limit-request-line 8190',
  );
});

test.each([
  [0.25, 512, 3],
  [1, 512, 3],
  [1.5, 2048, 5],
  [4, 4096, 9],
  [4, 512, 4],
  [1, 100, 1],
])('with %s CPUs and %s MiB there are %s workers', (cpus, memory, workers) => expect(plan({}, cpus, Size.mebibytes(memory)).workers).toBe(workers));

test('timeouts fit each other: worker, graceful, stop', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 0, max: 900 }), (timeout, more) => {
      const options = { timeout: Duration.seconds(timeout), gracefulTimeout: more === 0 ? undefined : Duration.seconds(timeout + more) };
      const { gracefulTimeout, stopGracePeriod } = plan(options);
      expect(gracefulTimeout.toSeconds()).toBe(timeout + more);
      expect(stopGracePeriod.toSeconds()).toBe(timeout + more + 10);
    }),
  );
});

test('jitter is a tenth, and nothing when workers are kept', () => {
  const jitter = (maxRequests: number) =>
    plan({ maxRequests })
      .arguments.join(' ')
      .match(/jitter (\d+)/)![1];
  expect([jitter(55), jitter(0)]).toEqual(['5', '0']);
});

test('numbers that are known late stay expressions', () => {
  const stack = newStack();
  const late = new TerraformVariable(stack, 'v', { type: 'number' }).numberValue;
  const { arguments: given } = plan({ workers: late, threads: late, maxRequests: late, maxRequestsJitter: late });
  expect(given.filter((argument) => argument.startsWith('${TfToken'))).toHaveLength(4);
  expect(given.join(' ')).not.toMatch(/e\+/);
  expect(plan({}, late).workers).toBe(3);
});

test.each<[GunicornOptions, RegExp]>([
  [{ workers: 0 }, /^shop\/Hello: workers must be an integer from 1 to 512, got 0$/],
  [{ threads: 1.5 }, /^shop\/Hello: threads must be an integer from 1 to 512, got 1.5$/],
  [{ asgi: true, threads: 4 }, /^shop\/Hello: threads must be left out with asgi: true, got 4: one event loop serves all .*; set workers$/],
  [{ maxRequests: -1 }, /^shop\/Hello: maxRequests must be an integer from 0 to 1000000000, got -1$/],
  [{ maxRequestsJitter: NaN }, /^shop\/Hello: maxRequestsJitter must be .*, got NaN$/],
  [{ timeout: Duration.seconds(0) }, /^shop\/Hello: timeout must be in whole seconds, 1 or more, got 0s$/],
  [{ keepAlive: Duration.millis(1500) }, /^shop\/Hello: keepAlive must be in whole seconds, 1 or more, got 1500ms$/],
  [{ gracefulTimeout: Duration.millis(30500) }, /^shop\/Hello: gracefulTimeout must be in whole seconds/],
  [{ gracefulTimeout: Duration.seconds(29) }, /^shop\/Hello: gracefulTimeout must be at least timeout \(30s\), got 29s: /],
  [{ gunicornArguments: [''] }, /^shop\/Hello: an argument of gunicornArguments must be one line that is not empty, got ""$/],
  [{ gunicornArguments: ['a\nb'] }, /^shop\/Hello: an argument of gunicornArguments must be one line/],
  ...['-b', '--bind=0:1', '-w', '--workers', '-c', '--config=x', '--threads', '-k', '--worker-class=sync'].map(
    (argument): [GunicornOptions, RegExp] => [
      { gunicornArguments: [argument] },
      new RegExp(
        `^shop/Hello: gunicornArguments must not contain ${argument.split('=')[0]}, which has an option of its own or is decided by the library$`,
      ),
    ],
  ),
])('%o is refused', (options, message) => expect(() => plan(options)).toThrow(message));

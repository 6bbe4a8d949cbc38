import { PostgresDb } from '../../lib';
import { checkParameters, FIXED_PARAMETERS } from '../../lib/postgres/parameters';
import { parameterList, problemOfValue } from '../../lib/postgres/parameter-list';
import { tunedParameters } from '../../lib/postgres/tuning';
import { PostgresStorage, PostgresVersion, Size } from '../../lib';
import { newStack } from '../support/synth';

const failing =
  (parameters: object, version = PostgresVersion.V18) =>
  () =>
    new PostgresDb(newStack(), 'Db', { version, parameters: parameters as never });

test.each([
  [{ wrk_mem: '4MB' }, 'shop/Db: parameter wrk_mem is not one that Postgres 18 has; did you mean work_mem?'],
  [
    { qqqqqqqqqq: '1' },
    'shop/Db: parameter qqqqqqqqqq is not one that Postgres 18 has; they are in https://www.postgresql.org/docs/18/runtime-config.html',
  ],
  [{ work_mem: '4mb' }, 'shop/Db: parameter work_mem must be a whole number, or one with a unit (B, kB, MB, GB, TB), got "4mb"'],
  [{ work_mem: '1kB' }, 'shop/Db: parameter work_mem must be from 64 to 2147483647, counted in units of kB, got "1kB"'],
  [{ max_worker_processes: '9MB' }, 'shop/Db: parameter max_worker_processes must be a whole number without a unit, got "9MB"'],
  [{ random_page_cost: 'low' }, 'shop/Db: parameter random_page_cost must be a number without a unit, got "low"'],
  [{ wal_level: 'all' }, 'shop/Db: parameter wal_level must be one of minimal, replica, logical, got "all"'],
  [{ jit: 'maybe' }, 'shop/Db: parameter jit must be on or off, got "maybe"'],
  [{ block_size: '8192' }, 'shop/Db: parameter block_size cannot be set: the server only shows it'],
  [{ shared_preload_libraries: 'a b' }, 'shop/Db: parameter shared_preload_libraries must be names of libraries with commas between, got "a b"'],
])('refuses %j', (parameters, message) => {
  let text = '';
  try {
    failing(parameters)();
  } catch (error) {
    text = (error as Error).message;
  }
  expect(text).toBe(message);
});

test('knows what belongs to which version', () => {
  expect(failing({ io_method: 'worker' }, PostgresVersion.V17)).toThrow('parameter io_method is not one that Postgres 17 has');
  expect(failing({ io_method: 'worker' })).not.toThrow();
});

test.each([
  { 'pg_stat_statements.max': '10000' },
  { 'auto_explain.log_min_duration': '5s' },
  { timezone: 'Europe/Berlin' },
  { log_statement: 'DDL' },
])('accepts %j', (parameters) => expect(failing(parameters)).not.toThrow());

test.each([15, 16, 17, 18])('what the library itself gives to Postgres %i would pass', (major) => {
  const sizes = [128, 1024, 65536].map((size) => Size.mebibytes(size));
  const inputs = sizes.flatMap((memory) => [undefined, 4, 64].map((cpus) => ({ memory, cpus, storage: PostgresStorage.NVME, maxConnections: 100 })));
  for (const [name, value] of [...inputs.flatMap((input) => [...tunedParameters(input)]), ...FIXED_PARAMETERS]) {
    expect([name, value, problemOfValue(parameterList(major).get(name)!, value)]).toEqual([name, value, undefined]);
  }
});

test('lets tokens pass, which nobody can judge at synth', () => {
  const stack = newStack();
  stack.addOverride('variable.memory', { type: 'string' });
  expect(() => checkParameters(stack, 18, { work_mem: '${TfToken[TOKEN.0]}' })).not.toThrow();
});

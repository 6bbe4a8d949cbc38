import fc from 'fast-check';
import { PARAMETER_VALUES } from '../support/parameter-values';
import { nearestNames, Parameter, parameterList, problemOfValue } from '../../lib/postgres/parameter-list';

const MAJORS = [15, 16, 17, 18];
const of = (name: string, major = 18) => parameterList(major).get(name)!;

describe('the list', () => {
  test.each(MAJORS)('of Postgres %i has what a server says', (major) => {
    const list = parameterList(major);
    expect(list.size).toBeGreaterThan(340);
    expect(list.get('work_mem')).toEqual({ type: 'integer', unit: 'kB', min: '64', max: '2147483647' });
    expect(list.get('random_page_cost')).toEqual({ type: 'real', min: '0', max: '1.79769e+308' });
    expect(list.get('block_size')).toMatchObject({ fixed: true });
    expect(list.get('timezone')).toEqual({ type: 'string' });
    for (const [name, parameter] of list) {
      expect(name).toMatch(/^[a-z_0-9]+$/);
      expect(['bool', 'integer', 'real', 'string', 'enum']).toContain(parameter.type);
      if (parameter.type === 'enum' && !parameter.fixed) expect(parameter.values!.length).toBeGreaterThan(0);
      if (parameter.unit !== undefined) expect(parameter.unit).toMatch(/^(\d*[kM]?B|ms|s|min|us)$/);
    }
  });

  test('differs from version to version', () => {
    const since = (name: string) => MAJORS.filter((major) => parameterList(major).has(name));
    expect(since('reserved_connections')).toEqual([16, 17, 18]);
    expect(since('summarize_wal')).toEqual([17, 18]);
    expect(since('io_method')).toEqual([18]);
    expect(since('old_snapshot_threshold')).toEqual([15, 16]);
  });

  test.each(MAJORS)('of Postgres %i has the values of the official images, which are built with all', (major) => {
    expect(of('wal_compression', major).values).toEqual(['pglz', 'lz4', 'zstd', 'on', 'off']);
    expect(of('default_toast_compression', major).values).toEqual(['pglz', 'lz4']);
  });
});

test.each([
  ['wrk_mem', ['work_mem']],
  ['sharedbuffers', ['shared_buffers']],
  ['max_conections', ['max_connections']],
  ['statement_timeot', ['statement_timeout']],
  ['log_min_duration', ['log_duration', 'log_min_duration_sample']],
])('what is most like %s', (name, nearest) => {
  expect(nearestNames(name, parameterList(18).keys()).slice(0, nearest.length)).toEqual(nearest);
});

test('nothing is like what is no word', () => {
  expect(nearestNames('qqqqqqqqqq', parameterList(18).keys())).toEqual([]);
});

describe.each(PARAMETER_VALUES)('%s', (name, accepted, refused) => {
  test.each(accepted)('may be %j', (value) => expect(problemOfValue(of(name), value)).toBeUndefined());
  if (refused.length > 0) test.each(refused)('may not be %j', (value) => expect(problemOfValue(of(name), value)).toMatch(/^must be /));
});

test('whole numbers within the bounds are taken, and none beyond', () => {
  const numbers = [...parameterList(18).values()].filter(({ type, fixed }) => type === 'integer' && !fixed) as Required<Parameter>[];
  expect(numbers.length).toBeGreaterThan(100);
  fc.assert(
    fc.property(fc.constantFrom(...numbers), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (parameter, value) => {
      const within = value >= Number(parameter.min) && value <= Number(parameter.max);
      return (problemOfValue(parameter, String(value)) === undefined) === within;
    }),
  );
});

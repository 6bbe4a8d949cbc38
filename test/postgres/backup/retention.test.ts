import { Retention } from '../../../lib';

test('what is left out is none', () => {
  expect({ ...Retention.of({ daily: 7, monthly: 6 }) }).toEqual({ last: 0, daily: 7, weekly: 0, monthly: 6 });
});

test.each([
  [{}, 'Retention.of: last, daily, weekly or monthly must be 1 or more, got none; to keep one backup say { last: 1 }'],
  [{ daily: 0 }, 'Retention.of: last, daily, weekly or monthly must be 1 or more, got none; to keep one backup say { last: 1 }'],
  [{ last: -1 }, 'Retention.of: last must be an integer from 0 to 10000, got -1'],
  [{ daily: 1.5 }, 'Retention.of: daily must be an integer from 0 to 10000, got 1.5'],
  [{ weekly: 10001 }, 'Retention.of: weekly must be an integer from 0 to 10000, got 10001'],
  [{ monthly: '3' as never }, 'Retention.of: monthly must be an integer from 0 to 10000, got "3"'],
])('%j is refused', (props, message) => expect(() => Retention.of(props)).toThrow(message));

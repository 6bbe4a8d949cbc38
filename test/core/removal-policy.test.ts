import { RemovalPolicy } from '../../lib';

test('the words of the API are these two', () => {
  expect(Object.entries(RemovalPolicy)).toEqual([
    ['RETAIN', 'retain'],
    ['DESTROY', 'destroy'],
  ]);
});

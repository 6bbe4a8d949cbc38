import { Construct } from 'constructs';
import { Names } from '../../lib/platform/names';
import { newStack } from '../support/synth';

const GENERATION = '-${formatdate("YYYYMMDDhhmmss", plantimestamp())}';
const names = () => new Names(() => 'prod');

function construct(...path: string[]): Construct {
  return path.reduce<Construct>((scope, id) => (scope.node.tryFindChild(id) as Construct | undefined) ?? new Construct(scope, id), newStack('shop'));
}

test('a name is the namespace and the path below the stack', () => {
  expect(names().fixed(construct('Area', 'MyDb', 'Data'))).toBe('prod-area-my-db-data');
  expect(names().fixed(construct('Db', 'Resource'))).toBe('prod-db');
});

test('a generation has the time of the plan in its name', () => {
  expect(names().generation(construct('Web'))).toBe(`prod-web${GENERATION}`);
  expect(names().generation(construct('Web'), '2')).toBe(`prod-web-2${GENERATION}`);
});

test('a long name ends in a hash and fits into a label of DNS', () => {
  const long = construct('AVeryLongNameOfAnAreaOfTheStack', 'AndAVeryLongNameOfAService', 'Server');
  expect(names().fixed(long)).toMatch(/^prod-a-very-long-name-of-an-area-of-the-stack-and-a-ve-[0-9a-f]{8}$/);
  expect(names().fixed(long)).toHaveLength(63);
  expect(names().fixed(long)).toBe(names().fixed(long));
  expect(names().generation(long).replace(GENERATION, '-20260101000000')).toHaveLength(63);
  expect(names().generation(long, '1')).not.toBe(names().generation(long, '2'));
});

test('a name of just the longest length is whole', () => {
  expect(names().fixed(construct('x'.repeat(58)))).toBe(`prod-${'x'.repeat(58)}`);
  expect(names().fixed(construct('x'.repeat(59)))).toHaveLength(63);
});

test('two constructs of one name are refused; one may ask twice', () => {
  const given = names();
  const stack = newStack('shop');
  const first = new Construct(stack, 'MyDb');
  expect(given.fixed(first)).toBe(given.fixed(first));
  expect(() => given.fixed(new Construct(stack, 'my-db'))).toThrow(
    /^shop\/my-db: its name on the engine, prod-my-db, is the one of shop\/MyDb too; give one of the two another id$/,
  );
});

test.each(['-shop', '1shop', 'é-shop', "ᣵ-'shop"])('the id %s is refused: an address of Terraform cannot begin like that', (id) => {
  expect(() => names().fixed(construct(id))).toThrow(`the id ${JSON.stringify(id)} must begin with a letter of A to Z or "_"`);
  expect(names().fixed(construct(`a${id}`))).toMatch(/^prod-a/);
  expect(names().fixed(construct(`é${id.replace(/^[^a-z]*/, '')}`))).toMatch(/^prod-/);
});

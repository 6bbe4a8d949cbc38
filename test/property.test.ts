import { TerraformStack } from 'cdktf';
import fc from 'fast-check';
import { ContainerImage, DjangoService, GunicornApp, NginxProxy, PostgresDb } from '../lib';
import { build, validWhole, Whole, wrong } from './support/arbitraries';
import { violations } from './support/graph';
import { newStack, Synthesized } from './support/synth';

function synth(whole: Whole): Synthesized {
  const stack = newStack();
  build(stack, whole);
  return new Synthesized(stack);
}

/** More of them by hand, or overnight: FUZZ_RUNS=1000 npx jest property. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 12);

// Expressions that the library or cdktf wrote.
const OURS =
  /^\$\{(docker_(container|image|volume|network)\.|terraform_data\.|formatdate\(\\"YYYYMMDDhhmmss\\", plantimestamp\(\)\)|trimprefix\(docker_image\.|(length|try)\((trimprefix\()?\[for one in data\.docker_containers\.Ownership_|self\.(container_logs|exit_code|output)$|self\.output == \\"Postgres 1\d of Debian trixie\\"$)/;

test('random valid props synthesize, to the same each time, and text of a user is never an expression of Terraform', () => {
  fc.assert(
    fc.property(validWhole, (whole) => {
      const synthesized = synth(whole);
      expect(violations(synthesized)).toEqual([]);
      expect(synth(whole).text).toBe(synthesized.text);
      const expressions = synthesized.text.replace(/\$\$\{|%%\{/g, '-').match(/[$%]\{[^}]{0,60}/g) ?? [];
      expect(expressions.filter((one) => !OURS.test(one))).toEqual([]);
    }),
    { numRuns, endOnFailure: true },
  );
}, 60_000);

/** The plainest stack: what is wrong in the tests below is all that is wrong. */
const registry = (name: string) => ContainerImage.fromRegistry(`localhost/${name}:1`);
const plain: Whole = {
  db: {},
  django: { image: registry('shop'), project: 'shop' },
  withDatabase: true,
  app: { image: registry('hello'), module: 'app:app' },
  proxy: {},
  routes: [{ host: 'shop.example.com' }],
  djangoPath: '/',
};

test('the plainest stack synthesizes', () => expect(() => synth(plain)).not.toThrow());

/** The one construct that is wrong: what a whole stack has beside takes time and tells nothing. */
const alone: { [id in keyof typeof wrong]: (stack: TerraformStack, props: object) => void } = {
  Db: (stack, props) => new PostgresDb(stack, 'Db', props),
  Shop: (stack, props) => new DjangoService(stack, 'Shop', { ...plain.django, ...props }),
  Hello: (stack, props) => new GunicornApp(stack, 'Hello', { ...plain.app, ...props }),
  Proxy: (stack, props) => new NginxProxy(stack, 'Proxy', props),
};

describe.each(Object.entries(wrong))('a wrong prop of %s fails at synth, with the path of the construct', (id, props) => {
  test.each(Object.entries(props) as [string, fc.Arbitrary<unknown>][])('%s', (name, values) => {
    fc.assert(
      fc.property(values, (value) => {
        const failing = () => {
          const stack = newStack();
          alone[id as keyof typeof wrong](stack, { [name]: value });
          new Synthesized(stack);
        };
        expect(failing).toThrow(new RegExp(`^shop/${id}(/[^:]+)?: .`));
      }),
      { numRuns, endOnFailure: true },
    );
  });
});

test.each<[string, object[]]>([
  ['a host with a space', [{ host: 'a b' }]],
  ['a host with ";"', [{ host: 'a;b' }]],
  ['a host with a port', [{ host: 'a:80' }]],
  ['no host', [{ host: '' }]],
  ['two routes for one host and path', [{ host: 'a.example.com' }, { host: 'a.example.com' }]],
  ['two routes in different spelling', [{ host: 'a.example.com' }, { host: 'A.Example.com' }]],
  ['a snippet with a NUL character', [{ host: 'a', snippet: '\0' }]],
])('%s fails at synth', (_what, routes) => {
  expect(() => synth({ ...plain, routes: routes as Whole['routes'] })).toThrow(/^shop\/Proxy: ./);
});

import { Fn, Lazy } from 'cdktf';
import fc from 'fast-check';
import { block, comment, directive, expression, mapEntry, renderArgument, renderConfig } from '../../../lib/nginx/config/directive';
import { readTokens } from './tokens';

/** Texts with more of what nginx treats specially than chance would bring. */
const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom(';', '{', '}', '#', '"', "'", '\\', ' ', '(', ')', '=', '~', '*', '/', 'n', 't', 'é', '日'),
      fc.string({ maxLength: 4 }),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));
const FORBIDDEN = /[$\0-\x1f\x7f]/;

describe('renderConfig', () => {
  test('writes directives, blocks, maps and comments', () => {
    const config = renderConfig([
      comment('a remark'),
      directive('worker_processes', 2),
      block('map', [expression('$a'), expression('$b')], [mapEntry('default', ''), mapEntry('~*\\.html?$', 'a b')]),
      block('http', [], [block('server', [], [directive('return', 200, expression('$host;'))])]),
    ]);
    expect(config).toBe(`# a remark
worker_processes 2;
map $a $b {
    default "";
    "~*\\\\.html?$" "a b";
}
http {
    server {
        return 200 "$host;";
    }
}
`);
  });

  test('refuses what is no directive', () => {
    expect(() => renderConfig([directive('return 444; server')])).toThrow('is no directive');
    expect(() => renderConfig([comment('a\nreturn 444;')])).toThrow('line breaks');
  });

  test('any text arrives as one word, or is refused', () => {
    fc.assert(
      fc.property(fc.array(texts, { minLength: 1, maxLength: 5 }), (args) => {
        if (args.some((text) => FORBIDDEN.test(text))) {
          expect(() => renderConfig([directive('some_directive', ...args)])).toThrow('nginx configuration: ');
          return;
        }
        const words = readTokens(renderConfig([block('some_block', args, [directive('inner', ...args)])]));
        expect(words.map((word) => word.text)).toEqual(['some_block', ...args, '{', 'inner', ...args, ';', '}']);
        expect(words.filter((word) => word.syntax).map((word) => word.text)).toEqual(['{', ';', '}']);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('renderArgument', () => {
  test.each([
    ['/static/', '/static/'],
    ['', '""'],
    ['a;b', '"a;b"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['#', '"#"'],
    ["it's", '"it\'s"'],
  ])('writes %j as %s', (text, expected) => {
    expect(renderArgument(text)).toBe(expected);
  });

  test('refuses a dollar sign in text, since nginx would read a variable', () => {
    expect(() => renderArgument('$host')).toThrow('text must not contain "$", which nginx reads as a variable, got "$host"');
  });

  test('leaves tokens for Terraform, in quotes', () => {
    const token = Lazy.stringValue({ produce: () => 'x' });
    expect(renderArgument(`${token}:8000`)).toBe(`"${token}:8000"`);
    expect(() => renderArgument(`${token}$host`)).toThrow('must not contain "$"');
    expect(renderArgument(Fn.join('-', ['a', token]))).toMatch(/^"\$\{TfToken\[/);
  });

  test('refuses what does not fit into the buffer of nginx', () => {
    expect(() => renderArgument('a'.repeat(4001))).toThrow('at most 4000 bytes');
    expect(() => renderArgument(Number.NaN)).toThrow('is no number');
  });
});

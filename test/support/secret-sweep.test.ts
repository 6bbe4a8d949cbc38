import { formsOf } from '../e2e/support/secret-forms';
import { SecretSweep } from '../e2e/support/secret-sweep';

// Every character that some form writes otherwise.
const value = `p"a's\\s w<o>r&d=\${x}%{y}/+ü\u2028-0123456789`;
const other = 'Zq3'.repeat(22);
const sweep = new SecretSweep({ password: value, key: other });

const bytes = Buffer.from(value);
const written: [form: string, text: string][] = [
  ['plain', `password: ${value}.`],
  ['plain', value.slice(0, 30)],
  ['plain', value.slice(12)],
  ['json', JSON.stringify({ password: value })],
  ['json', JSON.stringify({ log: JSON.stringify({ password: value }) })],
  ['json', `"${value.replace(/["\\]/g, '\\$&').replace(/[<>&\u2028]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`],
  ['json', [...value].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')],
  ['url', `https://user:${encodeURIComponent(value)}@host/`],
  ['url', new URLSearchParams({ user: 'me', password: value }).toString()],
  ['url', [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')],
  ...['', 'a', 'ab', 'abc'].map((before): [string, string] => ['base64', Buffer.from(`${before}${value}\nmore`).toString('base64')]),
  ['base64', Buffer.from(`user:${value}`).toString('base64url')],
  ['base64', Buffer.from(`a longer text before it, ${value}`).toString('base64').replace(/.{76}/g, '$&\n')],
  ['hex', bytes.toString('hex')],
  ['hex', bytes.toString('hex').toUpperCase()],
  [
    'html',
    `<td>${value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#x27;')}</td>`,
  ],
  ['shell', `echo '${value.replaceAll("'", `'\\''`)}'`],
  ['terraform', value.replaceAll('${', '$${').replaceAll('%{', '%%{')],
];

test.each(written)('a value is found as %s (%#)', (form, text) => {
  const found = sweep.leaks([{ where: 'log', content: text }]);
  expect(found.filter(({ secret }) => secret !== 'password')).toEqual([]);
  expect(found.map((leak) => leak.form)).toContain(form);
});

test('each form is planted above', () => expect([...formsOf(value).keys()].filter((form) => !written.some(([known]) => known === form))).toEqual([]));

test('each leak is told once, with its place, in text and in bytes', () => {
  const traces = [
    { where: 'clean', content: 'nothing' },
    { where: 'state', content: `${other} ${other}` },
    { where: 'layer', content: Buffer.concat([Buffer.from([0, 255]), bytes, Buffer.from([0])]) },
  ];
  expect(sweep.leaks(traces).filter(({ form }) => form === 'plain')).toEqual([
    { where: 'state', secret: 'key', form: 'plain' },
    { where: 'layer', secret: 'password', form: 'plain' },
  ]);
});

test('what only looks like it is none', () => {
  const near = [
    value.slice(0, 9),
    value.slice(-9),
    other.toLowerCase(),
    Buffer.from(other.toLowerCase()).toString('base64'),
    `"${value.slice(0, 3)}"`,
  ];
  expect(sweep.leaks(near.map((content) => ({ where: 'text', content })))).toEqual([]);
});

test('a value of which half could be there by chance is refused', () => {
  expect(() => new SecretSweep({ pin: '123456' })).toThrow(/^a value of 6 characters is too short to be looked for$/);
});

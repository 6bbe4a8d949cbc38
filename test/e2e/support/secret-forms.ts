import { terraformText } from '../../../lib/core/text';

/** Below it half of a value could be a word that is there by chance. */
const SHORTEST_HALF = 10;

/**
 * The texts in which a value may be written, by the name of the form. A half stands for the whole: what breaks lines, or cuts a log, leaves one of the two as it is, and half of
 * a secret is a leak already.
 */
export function formsOf(value: string): Map<string, string[]> {
  const bytes = Buffer.from(value);
  const each = (write: (byte: string) => string) => [...bytes].map((byte) => write(byte.toString(16).padStart(2, '0'))).join('');
  const json = JSON.stringify(value).slice(1, -1);
  const texts: Record<string, string[]> = {
    plain: [value],
    json: [json, JSON.stringify(json).slice(1, -1), goJson(value), asciiJson(json), allEscaped(value)],
    url: [
      encodeURIComponent(value),
      new URLSearchParams([['', value]]).toString().slice(1),
      each((byte) => `%${byte}`),
      each((byte) => `%${byte.toUpperCase()}`),
    ],
    base64: [0, 1, 2].flatMap((offset) => base64At(bytes, offset)),
    hex: [bytes.toString('hex'), bytes.toString('hex').toUpperCase()],
    html: [html(value, '&#x27;'), html(value, '&#39;')],
    shell: [value.replaceAll("'", `'\\''`), value.replaceAll("'", `'"'"'`), value.replace(/["\\$`]/g, '\\$&')],
    terraform: [terraformText(value), JSON.stringify(terraformText(value)).slice(1, -1)],
  };
  return new Map(Object.entries(texts).map(([form, all]) => [form, [...new Set(all)].flatMap(halves)]));
}

function halves(text: string): string[] {
  const middle = Math.floor(text.length / 2);
  if (middle < SHORTEST_HALF) throw new Error(`a value of ${text.length} characters is too short to be looked for`);
  return [text.slice(0, middle), text.slice(middle)];
}

/** The characters of base64 that depend on the value alone when so many bytes (modulo 3) are before it, in both alphabets. */
function base64At(bytes: Buffer, offset: number): string[] {
  const whole = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  const text = whole.slice(Math.ceil((8 * offset) / 6), Math.floor((8 * (offset + bytes.length)) / 6));
  return [text, text.replaceAll('+', '-').replaceAll('/', '_')];
}

/** As Go writes JSON, and with it Docker and Terraform. */
function goJson(value: string): string {
  return JSON.stringify(value)
    .slice(1, -1)
    .replace(/[<>&\u2028\u2029]/g, unicode);
}

/** As Python writes JSON. */
function asciiJson(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, unicode);
}

function allEscaped(value: string): string {
  return value.replace(/[\s\S]/g, unicode);
}

function unicode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function html(value: string, apostrophe: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", apostrophe);
}

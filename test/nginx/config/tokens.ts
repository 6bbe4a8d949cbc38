/**
 * Reads a configuration back by the rules of nginx's own ngx_conf_read_token(), written independently of the renderer: a flat list of words, with
 * `;`, `{` and `}` as entries of their own.
 */
export interface Word {
  readonly text: string;
  readonly syntax: boolean;
}

export function readTokens(config: string): Word[] {
  const words: Word[] = [];
  let at = 0;
  const isSpace = (character: string) => ' \t\r\n'.includes(character);
  while (at < config.length) {
    const character = config[at];
    if (isSpace(character)) {
      at += 1;
    } else if (character === '#') {
      while (at < config.length && config[at] !== '\n') at += 1;
    } else if (';{}'.includes(character)) {
      words.push({ text: character, syntax: true });
      at += 1;
    } else {
      const quote = character === '"' || character === "'" ? character : undefined;
      if (quote) at += 1;
      let text = '';
      for (;;) {
        if (at >= config.length) throw new Error('unexpected end of file');
        const here = config[at];
        if (here === '\\') {
          const next = config[at + 1];
          const known: Record<string, string> = { '"': '"', "'": "'", '\\': '\\', t: '\t', r: '\r', n: '\n' };
          text += next in known ? known[next] : `\\${next}`;
          at += 2;
        } else if (quote ? here === quote : isSpace(here) || here === ';' || here === '{') {
          break;
        } else {
          text += here;
          at += 1;
        }
      }
      if (quote) {
        at += 1;
        if (!isSpace(config[at]) && !';{)'.includes(config[at])) throw new Error(`unexpected ${config[at]} after a quote`);
      }
      words.push({ text, syntax: false });
    }
  }
  return words;
}

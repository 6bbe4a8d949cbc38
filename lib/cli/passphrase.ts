import { readFileSync } from 'node:fs';
import { Trouble } from './trouble';

const SHORTEST = 12;

/** The passphrase in a file, or else one that is typed, unseen. It is in no argument and no variable, which others could list. */
export async function passphrase(file: string | undefined, twice: boolean): Promise<string> {
  const given = file === undefined ? await typed(twice) : fromFile(file);
  if ([...given].length < SHORTEST) throw new Trouble(`the passphrase must have ${SHORTEST} characters or more`);
  return given;
}

function fromFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\n$/, '');
  } catch (error) {
    throw new Trouble(`the passphrase cannot be read: ${(error as Error).message}`);
  }
}

async function typed(twice: boolean): Promise<string> {
  if (!process.stdin.isTTY) throw new Trouble('there is no terminal to ask for the passphrase; give a file that has it: --passphrase-file FILE');
  const first = await unseen('Passphrase: ');
  if (twice && (await unseen('The same again: ')) !== first) throw new Trouble('the two passphrases differ');
  return first;
}

function unseen(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  stdin.setRawMode(true).setEncoding('utf8').resume();
  return new Promise((resolve, reject) => {
    let line = '';
    const end = () => {
      stdin.off('data', read).setRawMode(false).pause();
      stderr.write('\n');
    };
    const read = (part: string) => {
      for (const character of part) {
        if (character === '\u0003' || character === '\u0004') {
          end();
          return reject(new Trouble('nothing was done'));
        }
        if (character === '\r' || character === '\n') {
          end();
          return resolve(line);
        }
        line = character === '\u007f' || character === '\b' ? [...line].slice(0, -1).join('') : line + character;
      }
    };
    stdin.on('data', read);
  });
}

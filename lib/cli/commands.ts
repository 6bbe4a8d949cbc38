import { Command } from './command';
import { completion } from './completion';
import { synthesizedNames } from './completion-words';
import { diagram } from './diagram';
import { logs } from './logs';
import { manage } from './manage';
import { oneOff } from './one-off';
import { restore, RESTORE_HELP } from './restore';
import { secrets, SECRETS_HELP } from './secrets';
import { status } from './status';
import { sweep, SWEEP_HELP } from './sweep';

/** All commands, in the order in which help lists them: the daily ones first. */
export const COMMANDS: readonly Command[] = [
  status,
  logs,
  manage,
  oneOff,
  {
    name: 'restore',
    summary: 'brings a backup of a database back',
    help: RESTORE_HELP,
    run: restore,
    complete: (place) => (place.option === undefined ? synthesizedNames(place) : []),
  },
  {
    name: 'sweep',
    summary: 'removes what a deploy that was killed left on the engine',
    help: SWEEP_HELP,
    run: sweep,
    complete: (place) => (place.option === undefined ? synthesizedNames(place) : []),
  },
  {
    name: 'secrets',
    summary: 'takes generated secrets to another engine',
    help: SECRETS_HELP,
    run: secrets,
    complete: (place) => {
      if (place.option !== undefined) return [];
      return place.before.length === 0 ? ['export', 'import'] : synthesizedNames(place);
    },
  },
  diagram,
  completion,
];

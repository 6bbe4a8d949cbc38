import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineClass } from '../../../bench/report/machine';
import { Attack, Experience } from './attackers';
import { engine } from './docker';

/** An attack, and what a client noticed of it. */
export interface AttackFinding {
  readonly what: string;
  readonly attack: Attack;
  readonly quiet: Experience;
  readonly client: Experience;
  /** Connections that nginx had. */
  readonly connections: number;
  /** Memory of what was attacked, meanwhile. */
  readonly mebibytes: number;
}

const FOLDER = join(__dirname, '..', '..', '..', 'bench', 'results');

/** Writes the figures of a run. */
export function writeAttackReport(found: readonly AttackFinding[]): void {
  const number = (value: number) => value.toLocaleString('en-US');
  const statuses = ({ statuses: all }: Attack) =>
    Object.entries(all)
      .map(([status, count]) => `${status}: ${number(count)}`)
      .join(', ') || 'none';
  const lines = [
    '# Attacks from one address',
    '',
    'Written by `CDKTF_DJANGO_ATTACK=long npm run e2e -- attack` (test/e2e/attack.test.ts), whether it passed or not. The proxy is on its defaults. Attackers and client are',
    'in containers of their own on the same cores; the attackers get what the others leave of them. The client asks over a new connection each time, and never twice.',
    '',
    `${new Date().toISOString().slice(0, 10)}, ${machineClass()}, Docker Engine ${engine('version', '--format', '{{.Server.Version}}')}.`,
    '',
    '| attack | answers to it | connections of nginx | memory of the attacked | requests of the client | failed | p99 before | p99 during |',
    '|---|---|---|---|---|---|---|---|',
    ...found.map(
      ({ what, attack, quiet, client, connections, mebibytes }) =>
        `| ${what} | ${statuses(attack)} | ${number(connections)} | ${mebibytes.toFixed(0)} MiB | ${number(client.requests)} | **${number(
          client.failures.length,
        )}** | ${quiet.p99.toFixed(1)} ms | ${client.p99.toFixed(1)} ms |`,
    ),
    '',
  ];
  writeFileSync(join(FOLDER, 'attack.md'), lines.join('\n'));
}

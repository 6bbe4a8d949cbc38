import { Token } from 'cdktf';
import { IConstruct } from 'constructs';
import { reject, requireInteger } from '../core/errors';
import { Job } from '../workload/job';
import { Service, UpdateStrategy } from '../workload/service';
import { Workload } from '../workload/workload';

/** What a client of a database may use of it. */
export interface PostgresClientOptions {
  /**
   * The connections that each container of the client opens at the most, from 1 to 10000, for the budget of the server's connections.
   *
   * @default - 4 for a service, 2 for a job: a guess, since nobody knows but the program
   */
  readonly connections?: number;
}

/** Connections that may be open at once, and who opens them. */
export interface ConnectionClaim {
  readonly who: string;
  readonly connections: number;
  /** How the number comes about. */
  readonly because: string;
}

const GUESS = { service: 4, job: 2 };
/** Rounded up to, in the remedy: so that the next app does not need another restart of the server. */
const STEP = 20;

/**
 * The connections that the clients of a server may open at once. During a release the old and the new servers of a client have theirs side by side. What is
 * counted is what may happen, not what usually does: a server that is full refuses whoever comes last.
 */
export class ConnectionBudget {
  private readonly clients = new Map<string, { readonly client: Workload; readonly login?: string; readonly stated?: number }>();

  constructor(private readonly scope: IConstruct) {}

  /**
   * @param login as whom, where it is not the server's first role: a client may be one of several databases of a server
   * @throws when the number is out of range
   */
  public add(client: Workload, options: PostgresClientOptions = {}, login?: string): void {
    if (options.connections !== undefined)
      requireInteger(this.scope, `connections of ${client.node.path}`, options.connections, { min: 1, max: 10000 });
    const known = Token.isUnresolved(options.connections) ? undefined : options.connections;
    const key = `${client.node.path} ${login ?? ''}`;
    this.clients.set(key, { client, login, stated: known ?? this.clients.get(key)?.stated });
  }

  /** What each client may take, the largest first. */
  public get claims(): ConnectionClaim[] {
    return [...this.clients.values()].map(claimOf).sort((one, other) => other.connections - one.connections);
  }

  /**
   * Whether all clients fit.
   *
   * @param name of the prop that sets the limit
   * @param kept what the server keeps for others
   * @param remedies what else can be done, after a higher limit
   * @throws a table of who takes how many, and the ways out
   */
  public check(name: string, limit: number, kept: readonly ConnectionClaim[], remedies: readonly string[]): void {
    const claims = [...this.claims, ...kept];
    const sum = claims.reduce((total, { connections }) => total + connections, 0);
    if (Token.isUnresolved(limit) || sum <= limit) return;
    const width = Math.max(...claims.map(({ connections }) => String(connections).length));
    const rows = claims.map(({ who, connections, because }) => `  ${String(connections).padStart(width)}  ${who}: ${because}`);
    reject(
      this.scope,
      `${name} is ${limit}, and ${sum} connections may be open at once:\n${rows.join('\n')}\n` +
        `Set ${name} to ${Math.ceil(sum / STEP) * STEP}, or use fewer replicas, workers or threads${remedies.map((remedy) => `, or ${remedy}`).join('')}.`,
    );
  }
}

function claimOf({ client, login, stated }: { readonly client: Workload; readonly login?: string; readonly stated?: number }): ConnectionClaim {
  const who = login === undefined ? client.node.path : `${client.node.path} as ${login}`;
  if (client instanceof Job) {
    const each = stated ?? GUESS.job;
    return { who, connections: each, because: stated === undefined ? 'a job (a guess: state its connections)' : 'a job' };
  }
  const each = stated ?? GUESS.service;
  const guess = stated === undefined ? ' (a guess: state its connections)' : '';
  if (!(client instanceof Service)) return { who, connections: each, because: `${each}${guess}` };
  const twice = client.updateStrategy === UpdateStrategy.START_FIRST;
  return {
    who,
    connections: each * client.replicas * (twice ? 2 : 1),
    because: `${client.replicas} x ${each}${guess}${twice ? ', and as many during a release' : ''}`,
  };
}

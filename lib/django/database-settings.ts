import { Token } from 'cdktf';
import { GunicornApp } from '../gunicorn/gunicorn-app';
import { IPostgresDb } from '../postgres/postgres-db';
import { PostgresPoolMode } from '../postgres/postgres-pool-mode';
import { PostgresPooler } from '../postgres/postgres-pooler';
import { PostgresClientOptions } from '../postgres/connection-budget';
import { Job } from '../workload/job';
import { Workload } from '../workload/workload';

/** Requests that an ASGI worker serves at once open a connection each; nobody knows how many there will be. As many as a worker with threads has by default. */
const GUESS_OF_AN_ASGI_WORKER = 4;
/** A release job migrates on one connection and holds its lock on another; what else runs once has no more. */
const OF_A_JOB = 2;

/** The database past its pooler, if it has one. */
export function databaseBehindPooler(database: IPostgresDb | undefined): IPostgresDb | undefined {
  return database instanceof PostgresPooler ? database.database : undefined;
}

/** What each container of a workload of the app opens at the most. A command of the clock is one thread. */
export function connectionsOf(
  workload: Workload,
  app: GunicornApp,
  props: { readonly asgi?: boolean; readonly databaseConnections?: number },
): PostgresClientOptions {
  if (workload !== app.service) return { connections: workload instanceof Job ? OF_A_JOB : 1 };
  if (props.databaseConnections !== undefined) return { connections: props.databaseConnections };
  if (Token.isUnresolved(app.workers) || Token.isUnresolved(app.threads)) return {};
  // Beyond the range of a budget it is too many, too.
  return { connections: Math.min(app.workers * (props.asgi ? GUESS_OF_AN_ASGI_WORKER : app.threads), 10_000) };
}

/** The member `database` of django.json; the schema is described in runtime/django/cdktf_django_overlay/settings.py. */
export function renderDatabase(database: IPostgresDb, asgi: boolean): object {
  const pooling = database instanceof PostgresPooler ? database.poolMode : undefined;
  return {
    host: database.host,
    port: database.port,
    name: database.databaseName,
    user: database.user,
    passwordFile: database.passwordSecret.path,
    // "When using ASGI, persistent connections should be disabled" (Django, "Databases"): requests do not come back to the thread that has one. And a pool for sessions would
    // be empty as soon as so many threads kept one each.
    connMaxAge: asgi || pooling === PostgresPoolMode.SESSION ? 0 : 60,
    ...(pooling === undefined ? {} : { pooling }),
    options: { sslmode: database.sslMode },
  };
}

/** A URL in which the launcher puts the password. */
export function databaseUrl(database: IPostgresDb): string {
  const address = `${database.host}:${database.port}/${encodeURIComponent(database.databaseName)}?sslmode=${database.sslMode}`;
  return `postgres://${encodeURIComponent(database.user)}:{url:${database.passwordSecret.path}}@${address}`;
}

import { IConstruct } from 'constructs';
import { reject } from '../core/errors';
import { IRedisCache } from '../redis/redis-cache';
import { RedisUse } from '../redis/redis-use';

/** The number of the database of each role: `cache.clear()` empties a whole one, and must not take sessions and tasks with it. */
export const REDIS_DATABASES = { broker: 0, cache: 1, sessions: 2 };

/** The Redis servers of a Django project, by what they are to it. */
export interface RedisRoles {
  readonly cache?: IRedisCache;
  readonly sessions?: IRedisCache;
  readonly broker?: IRedisCache;
}

/** What is said of a server that is not for what it is given for. */
const UNFIT: { readonly [role: string]: { readonly [use in RedisUse]?: string } } = {
  cache: { [RedisUse.BROKER]: 'evicts nothing, so that cached values would fill it, and it would refuse tasks' },
  sessions: {
    [RedisUse.CACHE]: 'forgets all at a restart, so that all visitors would be logged out',
    [RedisUse.BROKER]: 'evicts nothing, so that sessions would fill it, and it would refuse tasks',
  },
  broker: { [RedisUse.CACHE]: 'evicts what was not used for long, and forgets all at a restart: tasks would be lost' },
};

const brokers = new WeakMap<IRedisCache, IConstruct>();

/** Refuses servers for what they are not for, and a broker with two projects, whose workers would get each other's tasks. */
export function checkRedisRoles(scope: IConstruct, roles: RedisRoles, overlaid: boolean): void {
  for (const [role, redis] of Object.entries(roles) as [keyof RedisRoles, IRedisCache | undefined][]) {
    const problem = redis && UNFIT[role][redis.use];
    if (problem) {
      const fitting = role === 'broker' ? 'RedisUse.BROKER' : role === 'cache' ? 'RedisUse.CACHE' : 'RedisUse.SHARED';
      reject(scope, `${role} must not be ${redis.node.path}: a server with RedisUse.${redis.use.toUpperCase()} ${problem}; give one with ${fitting}`);
    }
  }
  if (roles.sessions && !overlaid)
    reject(
      scope,
      "sessions are for DjangoSettings.overlay(): with DjangoSettings.environment() the project's own settings say where they are; leave it out",
    );
  if (!roles.broker) return;
  const other = brokers.get(roles.broker);
  if (other)
    reject(
      scope,
      `broker must not be ${roles.broker.node.path}, which ${other.node.path} has: the workers of one would get tasks of the other; add a RedisCache of its own`,
    );
  brokers.set(roles.broker, scope);
}

/** The members of django.json; the schema is described in runtime/django/cdktf_django_overlay/settings.py. */
export function renderRedis(scope: IConstruct, { cache, sessions }: RedisRoles): object {
  const render = (redis: IRedisCache, database: number) => ({
    host: redis.host,
    port: redis.port,
    user: redis.user,
    passwordFile: redis.passwordSecret.path,
    tls: redis.tls,
    database,
    // Two projects may share a server.
    prefix: scope.node.path,
  });
  return {
    ...(cache && { cache: render(cache, REDIS_DATABASES.cache) }),
    ...(sessions && { sessions: render(sessions, REDIS_DATABASES.sessions) }),
  };
}

/** A URL in which the launcher puts the password. */
export function redisUrl(redis: IRedisCache, database: number): string {
  const address = `${encodeURIComponent(redis.user)}:{url:${redis.passwordSecret.path}}@${redis.host}:${redis.port}/${database}`;
  return redis.tls ? `rediss://${address}?ssl_cert_reqs=required` : `redis://${address}`;
}

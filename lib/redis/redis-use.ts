/** What a Redis server is for: what it does when its memory is full, and whether it comes back with its data. */
export enum RedisUse {
  /**
   * Cached values alone. When the memory is full, those go that were not used for the longest time (`allkeys-lru`). Nothing is written to a disk: after a restart it is empty.
   */
  CACHE = 'cache',

  /**
   * The queues of Celery and the like. When the memory is full, nothing goes, and whoever wants to add a task gets an error (`noeviction`). Each second is written to the disk (AOF).
   */
  BROKER = 'broker',

  /**
   * All in one, for a small site: cached values, sessions and queues. When the memory is full, what would end first goes first (`volatile-ttl`): cached values before sessions, and
   * never a task in a queue, which has no end. Each second is written to the disk (AOF).
   */
  SHARED = 'shared',
}

/** How a Celery worker does several tasks at once. */
export enum CeleryPool {
  /** In processes of its own: for any task. Tasks that take too long are ended, and processes renewed. */
  PREFORK = 'prefork',
  /** In threads of one process: for tasks that wait for others most of the time. A task that has begun cannot be ended. */
  THREADS = 'threads',
  /** In greenlets of one process: for many tasks that wait. The project has to require `gevent`. */
  GEVENT = 'gevent',
}

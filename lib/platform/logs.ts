/** The driver that every engine has, and `docker logs` reads. */
export const LOG_DRIVER = 'json-file';

/** The size of a log file at which the engine begins the next one, and how many it keeps: 30 MB a container. */
export const LOG_OPTIONS = { 'max-size': '10m', 'max-file': '3' };

/** Where the programs of backups are in their containers. The command of the CLI looks for them. */
export const PROGRAMS = '/run/cdktf-backup';
/** The words that tell the health checks of a drill and of an archive from that of a backup. The command of the CLI looks for them. */
export const DRILL = 'drill';
export const ARCHIVE = 'archive';

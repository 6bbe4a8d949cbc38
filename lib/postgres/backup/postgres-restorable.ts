import { Construct } from 'constructs';
import { Workload } from '../../workload/workload';
import type { PostgresDb } from '../postgres-db';
import { PostgresRestoreDrill, PostgresRestoreDrillOptions } from './postgres-restore-drill';

/** What a database can be brought back from: a `PostgresBackup` or a `PostgresArchive`. */
export abstract class PostgresRestorable extends Construct {
  /** The database that can be brought back. */
  public abstract readonly database: PostgresDb;
  /** The folder in the target: `<namespace>-<path>`. Nothing outside of it is touched. */
  public abstract readonly folderName: string;

  /**
   * Has a restore rehearsed by the clock: of the newest backup, or of an archive up to its end.
   *
   * @param id the id of the construct
   * @throws when a setting is out of range
   */
  public addRestoreDrill(id: string, options: PostgresRestoreDrillOptions): PostgresRestoreDrill {
    return new PostgresRestoreDrill(this, id, { ...options, backup: this });
  }

  /** Settings of the programs of a drill that only this kind has; described in runtime/backup/settings.py. @internal */
  public abstract get _drillSettings(): object;

  /** How the programs of a drill find the bucket, if there is one. @internal */
  public abstract get _bucketSettings(): object | undefined;

  /** Lets a workload read what there is. @internal */
  public abstract _letRead(workload: Workload): void;
}

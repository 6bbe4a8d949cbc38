import { Construct } from 'constructs';
import { reject, shown } from '../core/errors';
import { ContainerImage } from '../image/container-image';
import { FilesBinding } from '../platform/bindings';
import { platformOf } from '../platform/platform-of';
import { jsonText } from './json-text';

/** @internal */
export interface LateFile {
  readonly content: () => string;
  readonly executable: boolean;
}

/** Settings of `Files`. */
export interface FilesProps {
  /** The image of whoever reads the files. No program in it is run. */
  readonly image: ContainerImage;
}

/**
 * A read-only folder of small text files: configuration that a stack writes and its containers read.
 *
 * A change of a file replaces the containers that mount the folder; the old ones keep the old files to their end.
 *
 * @example
 * const files = new Files(this, 'Configuration', { image });
 * files.addFile('redis.conf', 'maxmemory 100mb\n');
 */
export class Files extends Construct {
  /** The image of whoever reads the files. */
  public readonly image: ContainerImage;
  private readonly contents = new Map<string, LateFile>();

  /** @internal */
  public readonly _binding: FilesBinding;

  constructor(scope: Construct, id: string, props: FilesProps) {
    super(scope, id);
    this.image = props.image;
    this._binding = platformOf(this)._bindFiles(this);
  }

  /**
   * Adds a file.
   *
   * @param path its place below the folder, for example `conf.d/site.conf`
   * @param content text; may contain tokens
   * @throws when the path leaves the folder, is taken, or the content is empty
   */
  public addFile(path: string, content: string): void {
    if (content === '') reject(this, `file ${shown(path)} is empty, which the engine's provider cannot upload; put a comment into it`);
    this._addLateFile(path, () => content);
  }

  /**
   * Adds a program.
   *
   * @param path its place below the folder, for example `bin/backup`
   * @param content a script, with its interpreter in the first line
   * @throws when the path leaves the folder, is taken, or the content is empty
   */
  public addProgram(path: string, content: string): void {
    if (content === '') reject(this, `program ${shown(path)} is empty`);
    this._addLateFile(path, () => content, true);
  }

  /**
   * Adds settings as JSON.
   *
   * @internal
   */
  public _addJson(path: string, settings: object): void {
    this.addFile(path, jsonText(settings));
  }

  /**
   * Adds a file whose text is known at the end of synth.
   *
   * @internal
   */
  public _addLateFile(path: string, content: () => string, executable = false): void {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/.test(path)) {
      reject(this, `a file's path must be relative and made of letters, digits, "_", "-", "." and "/", got ${shown(path)}`);
    }
    if (this.contents.has(path)) reject(this, `file ${shown(path)} is there already; give the second one another path`);
    this.contents.set(path, { content, executable });
  }

  /** All files, sorted by path. @internal */
  public get _entries(): { readonly path: string; readonly content: string; readonly executable: boolean }[] {
    return [...this.contents.keys()].sort().map((path) => {
      const { content, executable } = this.contents.get(path)!;
      return { path, content: content(), executable };
    });
  }
}

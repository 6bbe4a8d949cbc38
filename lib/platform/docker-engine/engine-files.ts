import { terraformText } from '../../core/text';
import type { Files } from '../../workload/files';
import { FilesBinding } from '../bindings';
import { contentLabels } from '../content-labels';
import { Carrier } from './carrier';
import { EngineContext } from './engine-context';
import { FilesVolume } from './files-volume';
import { labelName } from '../labels';

/** Folders of files on one engine: a volume for each content, so that the containers of an old release keep reading theirs. */
export class EngineFiles {
  private readonly volumes = new Map<Files, FilesVolume>();

  constructor(private readonly context: EngineContext) {}

  public bind(files: Files): FilesBinding {
    const image = this.context.images.bind(files, files.image);
    const volume = new FilesVolume(files, 'Volume', {
      name: this.context.names.generation(files),
      provider: this.context.provider,
      ownership: this.context.ownershipOf(files),
      labels: () => ({ ...this.context.labels(files), ...contentLabels(files) }),
    });
    this.volumes.set(files, volume);
    const carrier = new Carrier(files, 'Resource', this.context, {
      image,
      volumeName: volume.name,
      labels: () => ({ [labelName('files')]: volume.name }),
      files: () =>
        files._entries.map(({ path, content, executable }) => ({ path, content: terraformText(content), permissions: executable ? '0555' : '0444' })),
    });
    return { resources: [...image.resources, volume, carrier] };
  }

  /** The volume of the newest content. */
  public volumeOf(files: Files): string {
    return this.volumes.get(files)!.name;
  }
}

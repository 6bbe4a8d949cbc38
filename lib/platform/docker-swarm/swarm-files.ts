import { Config } from '@cdktf/provider-docker/lib/config';
import { TerraformProvider } from 'cdktf';
import { Construct } from 'constructs';
import { reject, shown } from '../../core/errors';
import { terraformText } from '../../core/text';
import type { Files } from '../../workload/files';
import type { Workload } from '../../workload/workload';
import { FilesBinding } from '../bindings';
import { labelBlocks } from '../labels';
import type { SwarmContext } from './swarm-context';
import type { ServiceArguments } from './swarm-service';

/** The largest config of a Swarm, in bytes. */
const LARGEST = 500 * 1024;

/** Folders of files on a Swarm: a config for each file, which a task finds in its place. */
export class SwarmFiles {
  private readonly configs = new Map<Files, FilesConfigs>();

  constructor(private readonly context: SwarmContext) {}

  public bind(files: Files): FilesBinding {
    const configs = new FilesConfigs(files, 'Resource', {
      files,
      name: this.context.names.generationOfEach(files),
      provider: this.context.provider,
      labels: this.context.labels(files),
    });
    this.configs.set(files, configs);
    return { resources: [configs] };
  }

  /** The files that a workload mounts, as its service names them. */
  public of(workload: Workload): ServiceArguments[] {
    return workload.filesMounts.flatMap(({ files, path }) => {
      const configs = this.configs.get(files);
      if (!configs) return reject(workload, `files ${files.node.path} are on another platform than the workload; declare both under the same one`);
      return files._entries.map((file) => ({
        ...configs.reference(file.path),
        file_name: `${path}/${file.path}`,
        file_mode: file.executable ? 0o555 : 0o444,
      }));
    });
  }
}

interface FilesConfigsProps {
  readonly files: Files;
  readonly name: string;
  readonly provider?: TerraformProvider;
  readonly labels: Record<string, string>;
}

/** One config for each file of a folder. Another content is another config: they cannot be changed, and one that is in use cannot be removed. */
class FilesConfigs extends Config {
  constructor(
    scope: Construct,
    id: string,
    private readonly late: FilesConfigsProps,
  ) {
    super(scope, id, {
      name: late.name,
      data: '',
      provider: late.provider,
      lifecycle: { createBeforeDestroy: true, ignoreChanges: ['name'] },
    });
  }

  public reference(path: string): { config_id: string; config_name: string } {
    const one = `docker_config.${this.friendlyUniqueId}[${JSON.stringify(path)}]`;
    return { config_id: `\${${one}.id}`, config_name: `\${${one}.name}` };
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return { name: this.late.name, data_raw: '${each.value}', labels: labelBlocks(this.late.labels) };
  }

  public override toTerraform(): object {
    const { files } = this.late;
    for (const { path, content } of files._entries) {
      const bytes = Buffer.byteLength(content);
      if (bytes > LARGEST)
        reject(
          files,
          `file ${shown(path)} has ${bytes} bytes, and a config of a Swarm at most ${LARGEST}; make it smaller, or put it into the image`,
        );
    }
    this.addOverride('for_each', Object.fromEntries(files._entries.map(({ path, content }) => [path, terraformText(content)])));
    return super.toTerraform() as object;
  }
}

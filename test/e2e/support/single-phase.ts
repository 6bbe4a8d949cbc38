import { TerraformResource } from 'cdktf';
import { NginxProxy } from '../../../lib';
import { terraformText } from '../../../lib/core/text';
import { runtimeFile } from '../../../lib/image/default-images';

const FIRST_PHASE = /^ {2}if \[ -n "\$2" \]; then prepare .*; fi$/gm;

/**
 * Makes a proxy reload once for a release, as one does by hand: straight from the old servers to the new ones. It is there to be seen failing: clients who
 * see no difference see nothing.
 */
export function reloadInOnePhase(proxy: NginxProxy): void {
  const program = runtimeFile('nginx/supervise.sh');
  if (program.match(FIRST_PHASE)?.length !== 1) throw new Error('supervise.sh has changed: say here how its first phase is left out now');
  const patched = program.replace(FIRST_PHASE, '');
  const carrier = proxy.node.findChild('Program').node.findChild('Resource') as TerraformResource;
  const files = (carrier.toTerraform() as { resource: { docker_container: Record<string, { upload: { file: string }[] }> } }).resource
    .docker_container;
  const place = Object.values(files)[0].upload.findIndex(({ file }) => file.endsWith('/supervise.sh'));
  carrier.addOverride(`upload.${place}.content`, terraformText(patched));
}

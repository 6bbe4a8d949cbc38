import type { SecretFile, SecretGuard } from '../workload/secret-file';
import { VolumeOwner } from '../workload/volume';

/*
 * Programs that run as root, once, with the one capability CHOWN. All values are arguments: no text becomes part of a script.
 */

// root may give files away but not change the mode of another's (no CAP_FOWNER), so it takes the folder first.
const PREPARE_VOLUME = `
set -eu
if [ "$(stat -c %u:%g /volume)" = "$1" ]; then echo "volume belongs to user and group $1"; exit 0; fi
if [ -n "$(ls -A /volume)" ]; then echo "volume is in use, its owners stay as they are"; exit 0; fi
chown 0:0 /volume
chmod 0755 /volume
chown "$1" /volume
echo "fresh volume handed to user and group $1"
`;

/** Hands a fresh volume, mounted at /volume, to its owner. */
export function prepareVolumeCommand(owner: VolumeOwner): string[] {
  return ['sh', '-c', PREPARE_VOLUME, 'prepare-volume', `${owner.user}:${owner.group}`];
}

const PREPARE_SHARED_FOLDER = `
set -eu
if [ -e "/shared/$1" ]; then echo "folder $1 is there, its owners stay as they are"; exit 0; fi
mkdir "/shared/$1"
chown "$2" "/shared/$1"
echo "fresh folder $1 handed to user and group $2"
`;

/** Makes the folder of a volume in a folder that several hosts share, mounted at /shared, and hands it to its owner. */
export function prepareSharedFolderCommand(folder: string, owner: VolumeOwner): string[] {
  return ['sh', '-c', PREPARE_SHARED_FOLDER, 'prepare-shared-folder', folder, `${owner.user}:${owner.group}`];
}

const GENERATE_SECRET = `
set -eu
name=$1 length=$2 group=$3 volume=$4 guard= what=
if [ $# -gt 4 ]; then guard=$5 what=$6; fi
if [ -s /secret/value ]; then echo "secret $name is there"; exit 0; fi
if [ -n "$guard" ] && [ -e "/guarded/$guard" ]; then
  echo "Secret $name is missing, but $what that it opens is there, so no new one is made."
  echo "Bring the old value back as the file 'value' in the engine's volume $volume, owned by 0:$group with mode 0440,"
  echo "or, if the data is not wanted any more, remove its volume, and deploy again."
  exit 1
fi
umask 077
LC_ALL=C tr -dc A-Za-z0-9 </dev/urandom | head -c "$length" >/secret/value.new
[ "$(wc -c </secret/value.new)" -eq "$length" ]
chown "0:$group" /secret/value.new
chmod 0440 /secret/value.new
sync
mv /secret/value.new /secret/value
echo "secret $name made"
`;

/** Makes a secret in the volume mounted at /secret, unless it is there, or the data that it opens is there without it. */
export function generateSecretCommand(secret: SecretFile, volume: string): string[] {
  const guard = secret.guard;
  return [
    'sh',
    '-c',
    GENERATE_SECRET,
    'generate-secret',
    secret.secretName,
    secret.secret._source,
    String(secret.group),
    volume,
    ...(guard ? [guard.file, guard.what] : []),
  ];
}

// The name of a secret ends with the moment of the plan that made it. A minute is for clocks that differ.
const GUARD_SECRET = `
set -eu
name=$1 file=$2 what=$3 made=\${4##*-}
[ -e "/guarded/$file" ] || { echo "nothing is there yet that secret $name opens"; exit 0; }
since=$(date -u -d "@$(($(stat -c %Y "/guarded/$file") + 60))" +%Y%m%d%H%M%S)
if [ "$made" -le "$since" ]; then echo "secret $name is as old as $what"; exit 0; fi
echo "Secret $name has just been made, but $what that it shall open is older: the one that opens it went with a destroy, or with its state."
echo "Give the old value, from a copy of that state, by Secret.fromVariable(), or, if the data is not wanted any more, remove its volume, and deploy again."
exit 1
`;

/** Fails when the data of the volume mounted at /guarded is older than the secret that opens it, which is made by Terraform under this name. */
export function guardSecretCommand(secretName: string, guard: SecretGuard, madeAs: string): string[] {
  return ['sh', '-c', GUARD_SECRET, 'guard-secret', secretName, guard.file, guard.what, madeAs];
}

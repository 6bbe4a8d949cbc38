import { Lazy } from 'cdktf';
import { Duration } from '../core/duration';
import { reject } from '../core/errors';
import { Size } from '../core/size';
import { ContainerImage } from '../image/container-image';
import { defaultImages, runtimeFile } from '../image/default-images';
import { Files } from '../workload/files';
import { HealthCheck } from '../workload/health-check';
import { Service, UpdateStrategy } from '../workload/service';
import { Volume } from '../workload/volume';
import type { Supply } from './certificates';
import { CERTIFICATES_FOLDER, CHALLENGES_FOLDER, PROGRAM_FOLDER } from './proxy-layout';
import { isAddress } from './route-checks';

/** What an ACME client is told. */
export interface AcmeClientProps {
  readonly email: string;
  readonly directory: string;
  readonly directoryAuthority?: string;
  readonly renewalCheck: Duration;
  readonly image?: ContainerImage;
}

/** A server certifies so many names at once at the most: Let's Encrypt's limit. */
const MOST_HOSTS = 100;
const DATA_FOLDER = '/var/lib/acme';
const AUTHORITY_FOLDER = '/opt/authority';

/**
 * lego, which has the certificate of a courier issued and renewed. Returns the volume in which it keeps it, with the key of the account: it outlives the stack, since
 * servers limit how often one certificate is issued.
 */
export function makeAcmeClient({ courier, hosts, volume, network, publication }: Supply, props: AcmeClientProps): Volume {
  const image = props.image ?? ContainerImage.fromRegistry(defaultImages.lego);
  const client = new Service(courier, 'Client', {
    image,
    entrypoint: ['sh'],
    command: [`${PROGRAM_FOLDER}/acme.sh`],
    environment: {
      ACME_DATA: DATA_FOLDER,
      ACME_WEBROOT: CHALLENGES_FOLDER,
      ACME_HOSTS: Lazy.stringValue({ produce: () => checkedHosts(courier, hosts()).join(',') }),
      ACME_EMAIL: props.email,
      ACME_DIRECTORY: props.directory,
      ACME_INTERVAL: String(Math.ceil(props.renewalCheck.toSeconds())),
    },
    user: '0:0',
    memory: Size.mebibytes(128),
    // One account, one client.
    updateStrategy: UpdateStrategy.STOP_FIRST,
    stopSignal: 'SIGTERM',
    stopGracePeriod: Duration.seconds(5),
    healthCheck: HealthCheck.command(['test', '-e', '/tmp/healthy'], { startPeriod: Duration.minutes(2) }),
  });
  const program = new Files(client, 'Program', { image });
  program.addFile('acme.sh', runtimeFile('nginx/acme.sh'));
  client.addFiles(program, PROGRAM_FOLDER);
  if (props.directoryAuthority !== undefined) {
    const authority = new Files(client, 'Authority', { image });
    authority.addFile('authority.pem', props.directoryAuthority);
    client.addFiles(authority, AUTHORITY_FOLDER);
    client.addEnvironment('LEGO_CA_CERTIFICATES', `${AUTHORITY_FOLDER}/authority.pem`);
  }
  const data = new Volume(courier, 'Account');
  client.addVolume(data, DATA_FOLDER);
  client.addVolume(volume, CERTIFICATES_FOLDER);
  client.joinNetwork(network);
  // The server will ask the hosts.
  client.runAfter(publication);
  return data;
}

function checkedHosts(courier: Service, hosts: string[]): string[] {
  for (const host of hosts) {
    const problem = host.startsWith('*') ? 'a wildcard' : isAddress(host) ? 'an address' : undefined;
    if (problem)
      reject(
        courier,
        `host ${host} is ${problem}, for which Tls.acme() gets no certificate (HTTP-01); give its route a tls of its own, such as Tls.certificateFiles()`,
      );
  }
  if (hosts.length > MOST_HOSTS)
    reject(
      courier,
      `a certificate of Tls.acme() is for ${MOST_HOSTS} hosts at most, got ${hosts.length}; give some routes a Tls.acme() of their own`,
    );
  return hosts;
}

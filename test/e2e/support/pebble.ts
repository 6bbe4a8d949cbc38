import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engine } from './docker';
import { eventually } from './http';
import { prepareStandIns } from './stand-ins';
import { makeCertificate } from './tls';

const ROOT = join(__dirname, '..', '..', '..');

/** What is missing for ACME: the client's image, where stand-ins are in use, and the server. Gives the path of the server's program. */
export function prepareAcme(): string {
  prepareStandIns('lego');
  const program = `
    import { ensurePebble } from './tools/setup/pebble.mjs';
    console.log('pebble: ' + (await ensurePebble()));`;
  const made = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: ROOT, encoding: 'utf8' });
  const found = /^pebble: (.*)$/m.exec(made.stdout ?? '');
  if (made.status !== 0 || !found) throw new Error(`ACME cannot be tested:\n${made.stdout}${made.stderr}`);
  return found[1];
}

/** The ACME project's test server, in a container in the proxy's network, where it finds hosts at the addresses that it is told. */
export class Pebble {
  public readonly directory: string;
  /** Who certifies the directory. */
  public readonly authority: string;
  private readonly folder = mkdtempSync(join(tmpdir(), 'cdktf-django-pebble-'));

  constructor(
    private readonly name: string,
    private readonly program: string,
  ) {
    const { certificate, key } = makeCertificate(this.folder, name);
    this.authority = certificate;
    this.directory = `https://${name}:14000/dir`;
    const config = {
      pebble: {
        listenAddress: '0.0.0.0:14000',
        managementListenAddress: '0.0.0.0:15000',
        certificate: '/pebble/cert.pem',
        privateKey: '/pebble/key.pem',
        httpPort: 8080,
        tlsPort: 8443,
        retryAfter: { authz: 1, order: 1 },
        keyAlgorithm: 'ecdsa',
        profiles: { default: { description: 'short', validityPeriod: 90 } },
      },
    };
    const files = { 'cert.pem': certificate, 'key.pem': key, 'config.json': JSON.stringify(config) };
    for (const [file, text] of Object.entries(files)) writeFileSync(join(this.folder, file), text);
    chmodSync(this.folder, 0o755);
  }

  public start(network: string, image: string, hosts: Record<string, string>): void {
    engine(
      ...['run', '--detach', '--name', this.name, '--network', network],
      ...Object.entries(hosts).flatMap(([host, address]) => ['--add-host', `${host}:${address}`]),
      ...['--volume', `${this.folder}:/pebble:ro`, '--volume', `${this.program}:/pebble-server:ro`, '--env', 'PEBBLE_VA_NOSLEEP=1'],
      ...['--entrypoint', '/pebble-server', image, '-config', '/pebble/config.json'],
    );
  }

  /** The certificate at the end of its chains, which is another one after each start. */
  public root(): Promise<string> {
    const address = engine('inspect', this.name, '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}');
    return eventually(
      () =>
        new Promise<string>((resolve, reject) => {
          const sent = request({ host: address, port: 15000, path: '/roots/0', agent: false, rejectUnauthorized: false }, (response) => {
            const parts: Buffer[] = [];
            response.on('data', (part: Buffer) => parts.push(part));
            response.on('error', reject);
            response.on('end', () => resolve(Buffer.concat(parts).toString()));
          });
          sent.on('error', reject);
          sent.end();
        }),
      20,
    );
  }

  public remove(): void {
    spawnSync('docker', ['rm', '--force', this.name]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

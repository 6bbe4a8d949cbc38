import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request, RequestOptions } from 'node:https';
import { join } from 'node:path';
import { Answer, exchange, Question } from './http';

/** What openssl's client says of a handshake. */
export interface Handshake {
  readonly ok: boolean;
  /** Whether the certificate is what the options ask for (`-CAfile`, `-verify_hostname`). */
  readonly verified: boolean;
  readonly protocol?: string;
  readonly cipher?: string;
  /** Of the certificate that the server showed. */
  readonly subject?: string;
  readonly serial?: string;
  readonly output: string;
}

/** A handshake with a server on loopback, for a host unless there is none to name. */
export function handshake(port: number, host: string | undefined, ...options: string[]): Handshake {
  const name = host === undefined ? ['-noservername'] : ['-servername', host];
  const { stdout, stderr } = spawnSync('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...name, ...options], {
    input: '',
    encoding: 'utf8',
  });
  const output = stdout + stderr;
  const [, protocol, cipher] = /^New, (\S+), Cipher is (\S+)$/m.exec(output) ?? [];
  const pem = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(output)?.[0];
  return {
    ok: cipher !== undefined && cipher !== '(NONE)',
    verified: /^\s*Verify return code: 0 \(ok\)$/m.test(output) && pem !== undefined,
    protocol,
    cipher,
    subject: /^subject=(.*)$/m.exec(output)?.[1],
    serial: pem && serialOf(pem),
    output,
  };
}

function openssl(args: string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync('openssl', args, { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args.join(' ')} failed:\n${stderr}`);
  return stdout;
}

const serialOf = (pem: string) => openssl(['x509', '-noout', '-serial'], pem).trim().replace('serial=', '');

/** A certificate of a host with its key. One that has ended is signed by the openssl of a container, since older ones sign no dates of the past. */
export function makeCertificate(
  folder: string,
  host: string,
  options: { endedBy?: string; otherKey?: boolean } = {},
): { certificate: string; key: string; serial: string } {
  const key = join(folder, 'made-key.pem');
  const newKey = () => openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-out', key]);
  newKey();
  const request = (from: string) => ['req', '-x509', '-key', from, '-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`];
  const certificate = options.endedBy
    ? execFileSync(
        'docker',
        ['exec', '-i', options.endedBy, 'openssl', ...request('/dev/stdin'), '-not_before', '20200101000000Z', '-not_after', '20200401000000Z'],
        {
          input: readFileSync(key, 'utf8'),
          encoding: 'utf8',
        },
      )
    : openssl([...request(key), '-days', '90']);
  if (options.otherKey) newKey();
  return { certificate, key: readFileSync(key, 'utf8'), serial: serialOf(certificate) };
}

/** Asks a server on loopback over HTTPS, whoever certified it. */
export function https({ servername, ...question }: Question & { readonly servername?: string }): Promise<Answer> {
  // An address is no name.
  const name = servername !== undefined && /[a-z]/.test(servername) ? servername : '';
  return exchange(request, question, { agent: false, rejectUnauthorized: false, servername: name } as RequestOptions);
}

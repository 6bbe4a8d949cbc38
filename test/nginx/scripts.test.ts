import { ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runtimeFolder } from '../../lib/image/default-images';
import { folder } from '../support/folder';

/*
 * The programs that bring certificates, with a stand-in for lego. The end-to-end tests run them in their containers.
 */

const started: ChildProcess[] = [];

afterEach(() => {
  // With what it started: a program of its own that sleeps keeps its output open.
  for (const child of started.splice(0)) process.kill(-child.pid!);
});

class Running {
  public output = '';

  constructor(script: string, environment: Record<string, string>) {
    const env = { PATH: process.env.PATH, HOSTNAME: 'here', ...environment };
    const child = spawn('sh', [join(runtimeFolder, 'nginx', script)], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    started.push(child);
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (part: Buffer) => (this.output += part.toString()));
  }

  /** Waits for what the program does or says. */
  public async until(holds: () => boolean): Promise<void> {
    for (const deadline = Date.now() + 15_000; !holds();) {
      if (Date.now() > deadline) throw new Error(`it did not come to that; the program said:\n${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function openssl(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

describe('a courier', () => {
  const home = folder();
  const [volume, source] = ['volume', 'from'].map((name) => join(home, name));
  for (const path of [volume, source]) mkdirSync(path);
  const place = join(volume, 'proxy', '_default');
  const healthy = join(home, 'healthy');
  const current = () => (existsSync(join(place, 'current')) ? readlinkSync(join(place, 'current')) : undefined);
  const environment = {
    COURIER_VOLUME: volume,
    COURIER_NAME: 'proxy/_default',
    COURIER_HOSTS: 'shop.example.com,*.b.example.com,127.0.0.1',
    COURIER_INTERVAL: '1',
    COURIER_WORK: join(home, 'work'),
    COURIER_HEALTHY: healthy,
  };

  function newPair(host = 'shop.example.com'): void {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', join(source, 'key.pem')];
    openssl('req', '-x509', ...key, '-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`, '-out', join(source, 'certificate.pem'));
  }

  test('makes a certificate of its own, for its hosts, with a key for root alone', async () => {
    const courier = new Running('courier.sh', environment);
    await courier.until(() => existsSync(healthy));
    const [certificate, key] = ['fullchain.pem', 'privkey.pem'].map((name) => join(place, 'current', name));
    expect(openssl('x509', '-noout', '-ext', 'subjectAltName', '-in', certificate).split('\n')[1].trim()).toBe(
      'DNS:shop.example.com, DNS:*.b.example.com, IP Address:127.0.0.1',
    );
    expect(openssl('x509', '-noout', '-pubkey', '-in', certificate)).toBe(openssl('pkey', '-pubout', '-in', key));
    expect([certificate, key].map((path) => statSync(path).mode & 0o777)).toEqual([0o444, 0o400]);
  });

  test('keeps it for as long as it is for these hosts', async () => {
    const before = current();
    const courier = new Running('courier.sh', environment);
    await courier.until(() => existsSync(healthy));
    expect([current(), courier.output]).toEqual([before, '']);
    const other = new Running('courier.sh', { ...environment, COURIER_HOSTS: 'other.example.com', COURIER_WORK: join(home, 'other') });
    await other.until(() => current() !== before);
  });

  test('brings what is good, says what is wrong with the rest, and keeps the last few', async () => {
    const files = { COURIER_CERTIFICATE: join(source, 'certificate.pem'), COURIER_KEY: join(source, 'key.pem') };
    const own = current();
    const courier = new Running('courier.sh', { ...environment, ...files, COURIER_KEEP: '2' });
    await courier.until(() => /cannot read .*certificate\.pem: No such file/.test(courier.output));
    newPair();
    await courier.until(() => current() !== own);
    const good = current();
    await courier.until(() => courier.output.includes('the certificate is not for any.b.example.com'));
    await courier.until(() => courier.output.includes('the certificate is not for 127.0.0.1'));
    expect(courier.output).not.toContain('the certificate is not for shop.example.com');

    const wrong = async (message: string) => {
      await courier.until(() => courier.output.includes(message));
      expect(current()).toBe(good);
      expect(existsSync(healthy)).toBe(true);
    };
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-out', join(source, 'key.pem'));
    await wrong(`the private key is not that of the first certificate in ${files.COURIER_CERTIFICATE}`);
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-aes128', '-pass', 'pass:x', '-out', join(source, 'key.pem'));
    await wrong(`there is no private key in PEM form, without a password, in ${files.COURIER_KEY}`);
    writeFileSync(join(source, 'certificate.pem'), 'nothing');
    await wrong(`there is no certificate in PEM form in ${files.COURIER_CERTIFICATE}`);

    newPair();
    await courier.until(() => current() !== good);
    // They go when the new one is in use.
    await courier.until(() => readdirSync(place).length === 3);
    expect(readdirSync(place).sort()).toEqual([current()!, 'current', good!].sort());
  }, 60_000);
});

describe('an ACME client', () => {
  const home = folder({ lego: '#!/bin/sh\necho "lego $*" >&2\nexit "$(cat "$(dirname "$0")/code")"\n', code: '0' });
  chmodSync(join(home, 'lego'), 0o755);
  const data = join(home, 'data');
  const environment = {
    ACME_CLIENT: join(home, 'lego'),
    ACME_DATA: data,
    ACME_WEBROOT: join(home, 'webroot'),
    ACME_HOSTS: 'a.example.com,b.example.com',
    ACME_EMAIL: 'admin@example.com',
    ACME_DIRECTORY: 'https://ca.example.com/dir',
    ACME_INTERVAL: '1',
    ACME_HEALTHY: join(home, 'healthy'),
  };
  const common = `lego --path ${data} --email admin@example.com --server https://ca.example.com/dir --accept-tos --key-type ec256 --http --http.webroot ${environment.ACME_WEBROOT} --domains a.example.com --domains b.example.com`;

  test('asks for a certificate, says that it failed, and tries again', async () => {
    writeFileSync(join(home, 'code'), '1');
    const client = new Running('acme.sh', environment);
    await client.until(() => client.output.split('the reason is above').length > 2);
    expect(client.output.split('\n')[0]).toBe(`${common} run`);
    expect(client.output).toContain(
      'acme: no certificate for a.example.com,b.example.com: the reason is above. The one before stays in use; the next try is in 1 s',
    );
    expect(existsSync(environment.ACME_HEALTHY)).toBe(false);
  });

  test('has one renewed when the client finds that it is time', async () => {
    writeFileSync(join(home, 'code'), '0');
    mkdirSync(join(data, 'certificates'), { recursive: true });
    writeFileSync(join(data, 'certificates', 'a.example.com.crt'), '');
    const client = new Running('acme.sh', environment);
    await client.until(() => existsSync(environment.ACME_HEALTHY));
    expect(client.output.split('\n')[0]).toBe(`${common} renew --dynamic --force-cert-domains --no-random-sleep`);
  });

  test('without hosts asks for nothing', async () => {
    const client = new Running('acme.sh', { ...environment, ACME_HOSTS: '' });
    await client.until(() => client.output !== '');
    expect(client.output).toBe('acme: there is no host that needs a certificate\n');
  });
});

test('no program has a mistake in its grammar', () => {
  const names = readdirSync(join(runtimeFolder, 'nginx')).filter((name) => name.endsWith('.sh'));
  expect(names).toEqual(expect.arrayContaining(['acme.sh', 'courier.sh', 'keeper.sh', 'kept.sh', 'supervise.sh', 'tls.sh']));
  for (const name of names) {
    const { status, stderr } = spawnSync('sh', ['-n', join(runtimeFolder, 'nginx', name)], { encoding: 'utf8' });
    expect([name, status, stderr]).toEqual([name, 0, '']);
    expect(readFileSync(join(runtimeFolder, 'nginx', name), 'utf8')).toMatch(/^#/);
  }
});

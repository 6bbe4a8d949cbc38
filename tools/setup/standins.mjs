/**
 * Stand-ins for the official images, made from Debian where Docker Hub does not answer. They keep the official images'
 * contract under names of their own, and are chosen through the library's mirror setting.
 *
 * Each is known by a hash of all that it is made of (a label), so that an edit of a Dockerfile makes it anew. What is made
 * is kept in the cache too: another engine, or this one after a prune, loads it in a second.
 */

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptSettings, canInstall, debianMirror, install } from './apt.mjs';
import { cachePath, publish, withLock, withTemp } from './cache.mjs';
import { hostAuthorities } from './ca.mjs';
import { ensureMailpit } from './mailpit.mjs';
import { pins, STAND_INS } from './pins.mjs';
import { ask, logged, which } from './run.mjs';
import { say, slowly } from './say.mjs';
import { ensureStatsdExporter } from './statsd-exporter.mjs';
import { Trouble } from './trouble.mjs';
import { SUITE } from './versions.mjs';

const RECIPES = fileURLToPath(new URL('../standins/', import.meta.url));
const LABEL = 'cdktf-django.stand-in';

const hashOf = (...parts) => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);

/** Every file of a recipe with its content, in a stable order. */
function recipe(name) {
  const dir = path.join(RECIPES, name);
  return fs
    .readdirSync(dir, { recursive: true })
    .sort()
    .filter((file) => fs.statSync(path.join(dir, file)).isFile())
    .map((file) => [file, fs.readFileSync(path.join(dir, file), 'utf8')]);
}

/** Where the official images of a version have their data. */
const postgresPaths = (major) =>
  major >= 18
    ? { MAJOR: major, MOUNT: '/var/lib/postgresql', DATA: `/var/lib/postgresql/${major}/docker` }
    : { MAJOR: major, MOUNT: '/var/lib/postgresql/data', DATA: '/var/lib/postgresql/data' };

/** Exporters of Prometheus by the names of Debian's packages, and what they are called among the pinned images. */
const EXPORTERS = [
  ['node', 'nodeExporter'],
  ['nginx', 'nginxExporter'],
  ['postgres', 'postgresExporter'],
  ['redis', 'redisExporter'],
];

/**
 * The stand-ins and what they are tagged with. `lego` and the older versions of Postgres are made when something needs them, the latter from the Debian release that has them;
 * `engine` stands in for nothing: tests run it.
 */
function plan() {
  const { nginx, postgres, python, lego, pgbouncer, valkey, ...more } = pins();
  const settings = { authorities: [...hostAuthorities()] };
  const of = (name, ref, suite = SUITE, given = {}) => {
    const [, version, major] = /:v?((\d+)(?:\.\d+)*)/.exec(ref);
    const kind = name.split('-')[0];
    const rootfs = hashOf('minbase', suite, process.arch);
    const base = hashOf(rootfs, recipe('base'), settings);
    return {
      name,
      kind,
      suite,
      rootfs,
      base,
      args: { VERSION: version, ...(kind === 'postgres' ? postgresPaths(Number(major)) : given) },
      ref: `${STAND_INS}/${ref}`,
      hash: hashOf(base, recipe(kind), ref),
    };
  };
  return [
    of('nginx', nginx),
    of('postgres', postgres['18']),
    of('postgres-17', postgres['17'], 'trixie'),
    of('postgres-15', postgres['15'], 'bookworm'),
    of('python', python),
    of('lego', lego),
    of('pgbouncer', pgbouncer),
    of('valkey', valkey),
    of('mailpit', more.mailpit),
    of('prometheus', more.prometheus),
    of('statsd', more.statsdExporter),
    ...EXPORTERS.map(([name, pin]) => of(`exporter-${name}`, more[pin], SUITE, { PACKAGE: `prometheus-${name}-exporter` })),
    of('engine', 'engine:28'),
  ];
}

/** What a recipe needs beside its own files: a program that Debian has not. */
const PROGRAMS = { mailpit: ensureMailpit, statsd: ensureStatsdExporter };

/** Runs `docker` on the engine that `env` names, into the log. */
const docker = (args, { env, what, stdin }) =>
  logged('docker', args, {
    log: 'stand-ins',
    what,
    stdin,
    remedy: "the log has the whole output; check that the engine has space (docker system df) and that Debian's mirror answers",
    env: { ...process.env, ...env, DOCKER_BUILDKIT: '0' },
  });

/** Which of `images` the engine has in the form that is asked for. */
async function present(images, env) {
  const answers = await Promise.all(
    images.map(({ ref }) =>
      ask('docker', ['image', 'inspect', '--format', `{{index .Config.Labels "${LABEL}"}}`, ref], {
        env: { ...process.env, ...env },
      }),
    ),
  );
  return images.filter(({ hash }, i) => answers[i].stdout.trim() === hash);
}

/** The id of an image that the engine has, or an empty string. */
async function idOf(ref, env) {
  const { code, stdout } = await ask('docker', ['image', 'inspect', '--format', '{{.Id}}', ref], {
    env: { ...process.env, ...env },
  });
  return code === 0 ? stdout.trim() : '';
}

const named = (names) => plan().filter(({ name }) => names.includes(name));

/** Whether the engine has all of these stand-ins. */
export async function haveStandIns(names, env = {}) {
  return (await present(named(names), env)).length === names.length;
}

/** A minimal Debian as an archive in the cache. */
async function rootfsArchive(hash, suite) {
  const archive = cachePath('stand-ins', `rootfs-${hash}.tar`);
  if (fs.existsSync(archive)) return archive;
  if (process.platform !== 'linux' || process.getuid() !== 0) {
    throw new Trouble('Docker Hub does not answer, and only root on Linux can make stand-ins for its images', {
      remedy: 'make Docker Hub reachable, or set CDKTF_DJANGO_IMAGE_MIRROR to a registry that mirrors it, or run this as root',
    });
  }
  if (!which('debootstrap')) {
    if (!canInstall()) {
      throw new Trouble('Docker Hub does not answer, and making stand-ins for its images needs debootstrap', {
        remedy: 'install debootstrap, or set CDKTF_DJANGO_IMAGE_MIRROR to a registry that mirrors Docker Hub',
      });
    }
    await install('images', ['debootstrap']);
  }
  const mirror = await debianMirror();
  await slowly('images', `making a minimal Debian (${suite})`, () =>
    withTemp(async (dir) => {
      // An older debootstrap does not know the suite; its recipe is that of sid. Done in a copy, not in /usr.
      const scripts = path.join(dir, 'debootstrap');
      fs.cpSync('/usr/share/debootstrap', scripts, { recursive: true, verbatimSymlinks: true });
      const script = path.join(scripts, 'scripts', suite);
      if (!fs.existsSync(script)) fs.symlinkSync('sid', script);
      const root = path.join(dir, 'root');
      const command = (program, args, what) =>
        logged(program, args, {
          log: 'stand-ins',
          what,
          remedy: 'check that the Debian mirror of /etc/apt answers and carries the suite, or set CDKTF_DJANGO_DEBIAN_MIRROR',
          env: { ...process.env, DEBOOTSTRAP_DIR: scripts },
        });
      await command('debootstrap', ['--variant=minbase', suite, root, mirror], 'debootstrap failed');
      const out = path.join(dir, 'rootfs.tar');
      const without = ['var/cache/apt/*', 'var/lib/apt/lists/*', 'usr/share/doc/*', 'usr/share/man/*'];
      await command(
        'tar',
        ['-C', root, '--numeric-owner', ...without.map((name) => `--exclude=./${name}`), '-cf', out, '.'],
        'packing the minimal Debian failed',
      );
      publish(out, archive);
    }),
  );
  return archive;
}

/** Builds one recipe on the engine. */
async function build(name, ref, { args, label, extra = {}, env }) {
  await withTemp(async (dir) => {
    fs.cpSync(path.join(RECIPES, name), dir, { recursive: true });
    for (const [file, text] of Object.entries(extra)) {
      fs.mkdirSync(path.dirname(path.join(dir, file)), { recursive: true });
      if (text !== undefined) fs.writeFileSync(path.join(dir, file), text);
    }
    const proxies = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];
    const passed = [...Object.entries(args), ...proxies.map((key) => [key, process.env[key]])].filter(([, value]) => value);
    // The host's network: it reaches the mirror wherever its resolver or proxy listens, loopback included.
    await docker(
      [
        'build', '--network', 'host', '--force-rm', '--tag', ref, '--label', `${LABEL}=${label}`,
        ...passed.flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]),
        dir,
      ],
      { env, what: `building the stand-in ${name} failed` },
    ); // prettier-ignore
  });
}

async function ensureBase({ rootfs, base, suite }, env) {
  const ref = `${STAND_INS}/base:${base}`;
  if (await idOf(ref, env)) return ref;
  const from = `${STAND_INS}/rootfs:${rootfs}`;
  if (!(await idOf(from, env))) {
    const stdin = await rootfsArchive(rootfs, suite);
    await docker(['import', '-', from], { env, stdin, what: 'importing the minimal Debian failed' });
  }
  const authorities = hostAuthorities();
  const extra = { 'apt.conf': await aptSettings(), 'authorities/.keep': '' };
  for (const [file, pem] of authorities) extra[`authorities/${file}`] = pem;
  await slowly('images', 'building the base of the stand-ins', () => build('base', ref, { args: { ROOTFS: from }, label: base, extra, env }));
  return ref;
}

/** Keeps an image in the cache, and of each name only the newest two. */
async function keep({ name, ref, hash }, env) {
  await withTemp(async (dir) => {
    const out = path.join(dir, 'image.tar');
    await docker(['save', '--output', out, ref], { env, what: `saving the stand-in ${name} failed` });
    publish(out, cachePath('stand-ins', `${name}-${hash}.tar`));
  });
  fs.readdirSync(cachePath('stand-ins'))
    .filter((file) => file.startsWith(`${name}-`) && /^[0-9a-f]{16}\.tar$/.test(file.slice(name.length + 1)))
    .map((file) => cachePath('stand-ins', file))
    .sort((a, b) => fs.statSync(b).mtimeMs - fs.statSync(a).mtimeMs)
    .slice(2)
    .forEach((file) => fs.rmSync(file, { force: true }));
}

/**
 * Makes sure that an engine has stand-ins: loaded from the cache, else built.
 * @param {('nginx' | 'postgres' | 'postgres-17' | 'postgres-15' | 'python' | 'lego' | 'pgbouncer' | 'valkey' | 'mailpit' | 'prometheus' | 'statsd' | `exporter-${string}` | 'engine')[]} names
 * @param {Record<string, string>} [env] names the engine (DOCKER_HOST), when it is not the usual one
 * @returns {Promise<Record<string, string>>} name to image reference
 */
export async function ensureStandIns(names, env = {}) {
  const wanted = named(names);
  const missing = async () => {
    const there = await present(wanted, env);
    return wanted.filter((image) => !there.includes(image));
  };
  if ((await missing()).length > 0) {
    await withLock('images', async () => {
      for (const image of await missing()) {
        const { name, kind, args, ref, hash } = image;
        const kept = cachePath('stand-ins', `${name}-${hash}.tar`);
        if (fs.existsSync(kept)) {
          await slowly('images', `loading the stand-in ${name}`, () =>
            docker(['load', '--input', kept], { env, what: `loading the stand-in ${name} failed` }),
          );
          if ((await present([image], env)).length === 1) continue;
          say('images', `the kept stand-in ${name} is not what it should be: building it anew`);
        }
        const base = await ensureBase(image, env);
        const before = await idOf(ref, env);
        const extra = PROGRAMS[kind] ? { [kind]: fs.readFileSync(await PROGRAMS[kind]()) } : {};
        await slowly('images', `building the stand-in ${name}`, () => build(kind, ref, { args: { ...args, BASE: base }, label: hash, extra, env }));
        await keep(image, env);
        // The one that it replaces; without force, so that it stays where a container still uses it.
        if (before) await ask('docker', ['image', 'rm', before], { env: { ...process.env, ...env } });
      }
    });
  }
  return Object.fromEntries(wanted.map(({ name, ref }) => [name, ref]));
}

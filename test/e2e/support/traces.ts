import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Deployment } from './deployment';
import { engine, logs } from './docker';
import { Trace } from './secret-sweep';

const lines = (text: string) => text.split('\n').filter((line) => line !== '');

/** Everything that a deployment leaves behind where others than the readers of its secrets can see it. */
export function* tracesOf(deployment: Deployment): Generator<Trace> {
  yield* terraformTraces(deployment);
  yield* engineTraces(deployment.namespace);
  yield* processTraces();
}

/** What is synthesized, the state with its backups and all else in the folder, and the plan in JSON. */
export function* terraformTraces(deployment: Deployment): Generator<Trace> {
  yield { where: 'terraform: plan and state in JSON', content: deployment.traces() };
  for (const entry of readdirSync(deployment.folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    // Providers are programs that others made.
    if (!entry.isFile() || path.includes('/.terraform/')) continue;
    yield { where: `file: ${relative(deployment.folder, path)}`, content: readFileSync(path) };
  }
}

/** What the engine says about each object of a namespace, what containers have printed, and what images are made of. */
export function* engineTraces(namespace: string): Generator<Trace> {
  const own = ['--filter', `label=org.cdktf-django.namespace=${namespace}`];
  const containers = lines(engine('ps', '-a', ...own, '--format', '{{.Names}}'));
  for (const name of containers) {
    yield { where: `inspect: container ${name}`, content: engine('inspect', name) };
    yield { where: `log: ${name}`, content: logs({}, name) };
  }
  for (const name of lines(engine('ps', ...own, '--format', '{{.Names}}')))
    yield { where: `top: ${name}`, content: engine('top', name, '-eo', 'pid,args') };
  // By name: a volume that is retained has no label.
  const volumes = lines(engine('volume', 'ls', '-q')).filter((name) => name.startsWith(`${namespace}-`));
  for (const name of volumes) yield { where: `inspect: volume ${name}`, content: engine('volume', 'inspect', name) };
  const networks = lines(engine('network', 'ls', ...own, '--format', '{{.Name}}'));
  for (const name of networks) yield { where: `inspect: network ${name}`, content: engine('network', 'inspect', name) };
  yield* imageTraces(namespace, containers);
}

function* imageTraces(namespace: string, containers: readonly string[]): Generator<Trace> {
  const built = lines(engine('images', '--format', '{{.Repository}}:{{.Tag}}', `cdktf-django/${namespace}-*`));
  const used = lines(engine('inspect', '--format', '{{.Image}}', ...containers));
  for (const image of new Set([...built, ...used])) {
    yield { where: `inspect: image ${image}`, content: engine('image', 'inspect', image) };
    yield { where: `history: image ${image}`, content: engine('history', '--no-trunc', image) };
  }
  if (built.length > 0) yield* layers(built);
}

/** The layers of images, those that a later one hides too, but for those of images that others made. */
function* layers(images: readonly string[]): Generator<Trace> {
  const folder = mkdtempSync(join(tmpdir(), 'cdktf-django-layers-'));
  try {
    engine('save', '-o', join(folder, 'images.tar'), ...images);
    const unpacked = spawnSync('tar', ['-xf', 'images.tar'], { cwd: folder, encoding: 'utf8' });
    if (unpacked.status !== 0) throw new Error(`tar failed: ${unpacked.stderr}`);
    rmSync(join(folder, 'images.tar'));
    const others = othersLayers(folder);
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      // Layers that images share are links to one.
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      if (others.has(relative(folder, path))) continue;
      const content = readFileSync(path);
      yield { where: `layer: ${relative(folder, path)}`, content: content.readUInt16BE(0) === 0x1f8b ? gunzipSync(content) : content };
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The files, in a folder of saved images, of layers that come from images of a registry: they were there before any secret was. */
function othersLayers(folder: string): Set<string> {
  const others = lines(engine('images', '--format', '{{.Repository}}:{{.Tag}}')).filter((name) => !/^cdktf-django\/|<none>/.test(name));
  const known = new Set(lines(engine('image', 'inspect', '--format', '{{range .RootFS.Layers}}{{println .}}{{end}}', ...others)));
  const read = <T>(name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as T;
  return new Set(
    read<{ Config: string; Layers: string[] }[]>('manifest.json').flatMap(({ Config, Layers }) => {
      const { diff_ids } = read<{ rootfs: { diff_ids: string[] } }>(Config).rootfs;
      return Layers.filter((_layer, index) => known.has(diff_ids[index]));
    }),
  );
}

/** The arguments of all processes of the host that run now. */
export function* processTraces(): Generator<Trace> {
  for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const content = argumentsOf(id);
    if (content !== '') yield { where: `process: ${content.slice(0, 40)}`, content };
  }
}

function argumentsOf(id: string): string {
  try {
    return readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    // It has ended meanwhile.
    return '';
  }
}

/** Watches the arguments of all processes of the host, ten times a second, until it is asked for what it has seen. */
export function watchProcesses(): { readonly seen: () => Promise<string> } {
  const program = `
    const { readdirSync, readFileSync } = require('node:fs');
    const seen = new Set();
    setInterval(() => {
      for (const id of readdirSync('/proc')) {
        try { if (/^[0-9]+$/.test(id)) seen.add(readFileSync('/proc/' + id + '/cmdline', 'utf8').replaceAll('\\0', ' ')); } catch {}
      }
    }, 100);
    process.stdin.on('end', () => process.stdout.write([...seen].join('\\n'), () => process.exit(0))).resume();
  `;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (part: Buffer) => (text += part.toString()));
  const ended = new Promise<void>((resolve, reject) => child.on('error', reject).on('close', () => resolve()));
  return {
    seen: async () => {
      child.stdin.end();
      await ended;
      return text;
    },
  };
}

import '../support/no-creation-stacks';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderArgument } from '../../lib/nginx/config/directive';
import { cases } from '../fuzz/cases';
import { terraformDecoded } from '../fuzz/decode';
import { fuzz, Outcome } from '../fuzz/engine';
import { folder, write } from '../support/folder';
import { Arguments, Synthesized } from '../support/synth';
import { engine } from './support/docker';
import { ask, eventually } from './support/http';
import { freePort } from './support/port';

// Any text in every place of the API that takes one: a clear error at synth, or files that their readers accept, and read as what was put in. `npm test` tries
// some thousand inputs, `npm run fuzz` 100,000 and more in ten rounds, with other seeds each day.
const LONG = process.env.CDKTF_DJANGO_FUZZ === 'long';
/** Inputs for a place that takes many at once, and for one that takes one. */
const INPUTS = LONG ? { many: 500, one: 80 } : { many: 200, one: 12 };
const seed = Number(process.env.CDKTF_DJANGO_FUZZ_SEED ?? 1);
const root = join(__dirname, '..', '..');
const mirror = process.env.CDKTF_DJANGO_IMAGE_MIRROR;
const images = JSON.parse(readFileSync(join(root, 'runtime', 'images.json'), 'utf8')) as {
  nginx: string;
  python: string;
  postgres: Record<string, string>;
};
const imageOf = (name: string) => (mirror ? `${mirror}/${name}` : name);
const confined = ['--network', 'none', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--memory', '512m'];
const name = `e2e-fuzz-${process.pid}`;

const outcomes = new Map<string, Outcome>();
let inputs = 0;

/** All texts that a program is given on its standard input arrive there as lines of base64: no tool's own quoting is between. */
const lines = (texts: readonly string[]) => texts.map((text) => `${Buffer.from(text, 'utf8').toString('base64')}\n`).join('');

function docker(args: string[], input = ''): string {
  const result = spawnSync('docker', args, { input, encoding: 'utf8', maxBuffer: 1 << 30 });
  if (result.error) throw result.error;
  if (result.status !== 0)
    throw new Error(`docker ${args.join(' ').slice(0, 300)} failed:\n${result.stdout.slice(-2000)}${result.stderr.slice(-4000)}`);
  return result.stdout;
}

/** Unicode that no UTF-8 can hold becomes a replacement character in every file. */
const written = (text: string) => Buffer.from(text, 'utf8').toString('utf8');

function containersOf(stacks: readonly Synthesized[]): Arguments[] {
  return stacks.flatMap((one) => Object.values(one.all('docker_container')));
}

/** What Terraform would hand to the provider, with something in place of what only it knows. */
const literal = (text: string) => terraformDecoded(text).replace(/\uE000[^\uE001]*\uE001/g, 'known-later');

function uploads(stacks: readonly Synthesized[], pattern: RegExp): Map<string, string>[] {
  return stacks.map((one) => {
    const all = containersOf([one]).flatMap((container) => (container.upload ?? []) as Arguments[]);
    return new Map(all.filter(({ file }) => pattern.test(file)).map(({ file, content }): [string, string] => [literal(file), literal(content)]));
  });
}

function terraform(cwd: string, ...args: string[]) {
  const env = { ...process.env, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' };
  const result = spawnSync(process.env.TERRAFORM_BINARY_NAME ?? 'terraform', args, { cwd, encoding: 'utf8', maxBuffer: 1 << 30, env });
  if (result.error) throw result.error;
  return result;
}

afterAll(() => void spawnSync('docker', ['rm', '-f', '-v', name, `${name}-nginx`]));

const of = (wanted: (one: (typeof cases)[number]) => boolean) => cases.filter(wanted).flatMap((one) => outcomes.get(String(cases.indexOf(one)))!);
const stacksOf = (wanted: (one: (typeof cases)[number]) => boolean) => of(wanted).flatMap(({ stacks }) => stacks);
const everyOne = () => true;
/** Some of many, evenly: those that cannot all be asked about in minutes. */
const some = <T>(all: readonly T[], count: number) => all.filter((_one, index) => all.length <= count || index % Math.ceil(all.length / count) === 0);

test('each input ends in a clear error, or in a stack that differs from a harmless one by that text alone', () => {
  const problems: string[] = [];
  for (const [index, one] of cases.entries()) {
    const count = one.at_once ? INPUTS.many : INPUTS.one;
    const outcome = fuzz(one, count, seed);
    inputs += count;
    problems.push(...outcome.problems);
    outcomes.set(String(index), outcome);
  }
  const accepted = of(everyOne).reduce((sum, outcome) => sum + outcome.accepted.length, 0);
  process.stdout.write(`fuzz: seed ${seed}, ${cases.length} cases, ${inputs} inputs: ${accepted} accepted, ${inputs - accepted} refused at synth\n`);
  expect(problems.slice(0, 5)).toEqual([]);
  expect(inputs).toBeGreaterThanOrEqual(LONG ? 10_000 : 4000);
  expect(accepted).toBeGreaterThan(inputs / 4);
}, 3_600_000);

test('Terraform reads every text as it was meant', () => {
  const texts = new Set<string>();
  const search = (value: unknown): void => {
    if (typeof value === 'string') texts.add(value);
    else if (typeof value === 'object' && value !== null) Object.entries(value).forEach(([key, inner]) => [key, inner].forEach(search));
  };
  for (const stack of stacksOf(everyOne)) search(stack.addresses());
  // Expressions of ours refer to resources that are not there.
  const all = [...texts].filter((text) => !terraformDecoded(text).includes('\uE000'));
  let read = 0;
  for (let at = 0; at < all.length; at += 5000) {
    const part = all.slice(at, at + 5000);
    const output = { texts: { value: part } };
    const cwd = folder({ 'main.tf.json': JSON.stringify({ output }) });
    const applied = terraform(cwd, 'apply', '-auto-approve', '-no-color', '-input=false');
    expect(applied.stderr).toBe('');
    const found = JSON.parse(terraform(cwd, 'output', '-json', 'texts').stdout) as string[];
    const wrong = part.filter((text, index) => found[index] !== written(terraformDecoded(text)).normalize('NFC'));
    expect(wrong.slice(0, 3)).toEqual([]);
    read += part.length;
  }
  process.stdout.write(`fuzz: Terraform read ${read} texts back\n`);
  expect(read).toBeGreaterThan(inputs / 8);
}, 3_600_000);

test('terraform validate accepts the stacks', () => {
  const stacks = some(stacksOf(everyOne), LONG ? 300 : 40);
  const modules = Object.fromEntries(stacks.map((_stack, index) => [`stack-${index}`, { source: `./stack-${index}` }]));
  const cwd = folder({ 'main.tf.json': JSON.stringify({ module: modules }) });
  stacks.forEach((stack, index) => write(cwd, `stack-${index}/cdk.tf.json`, JSON.stringify({ ...JSON.parse(stack.text), provider: undefined })));
  const init = terraform(cwd, 'init', '-no-color', '-input=false', '-backend=false');
  expect([init.status, init.status === 0 ? '' : init.stderr]).toEqual([0, '']);
  const { diagnostics } = JSON.parse(terraform(cwd, 'validate', '-json', '-no-color').stdout) as {
    diagnostics: { summary: string; detail: string }[];
  };
  process.stdout.write(`fuzz: terraform validate of ${stacks.length} stacks\n`);
  expect(diagnostics.map((one) => `${one.summary}: ${one.detail}`)).toEqual([]);
}, 3_600_000);

describe('nginx', () => {
  test('accepts every configuration', () => {
    const generations = uploads(
      some(
        stacksOf((one) => !one.configures && /^(NginxProxy|ProxyRoute|ErrorPage|DjangoServiceProps\.(static|media)Url)/.test(one.props[0])),
        LONG ? 2000 : 60,
      ),
      /\.(conf|html)$/,
    ).filter((files) => files.has('/files/nginx.conf'));
    const state = folder();
    generations.forEach((files, index) => {
      const own = `${index}/owners/proxy`;
      for (const [path, content] of files) write(state, `${own}/${path.replace(/^\/files\//, '')}`, content);
      // The publish job writes these, from the names of servers that only the engine knows.
      for (const path of files.keys()) {
        const upstream = /^\/files\/(upstreams\/.*)\.conf$/.exec(path)?.[1];
        if (upstream !== undefined) write(state, `${own}/${upstream}.servers`, 'server 127.0.0.1:9;\n');
      }
      write(state, `${index}/nginx.conf`, files.get('/files/nginx.conf')!);
      write(state, `${index}/generation.conf`, 'return 200 1;\n');
      const servers = [...files.keys()]
        .filter((path) => path.endsWith('/server.conf'))
        .map((path) => `include ${path.replace(/^\/files/, 'owners/proxy')};\n`);
      write(state, `${index}/servers.conf`, servers.join(''));
    });
    const program =
      'mkdir -p /var/cache/proxy/temporary; for one in /state/*/; do nginx -e stderr -q -t -c "${one}nginx.conf" || { cat "${one}owners/proxy/nginx.conf"; exit 1; }; done';
    const tmpfs = ['/var/cache/proxy', '/var/lib/proxy', '/tmp', '/run'].flatMap((path) => ['--tmpfs', `${path}:mode=1777`]);
    const user = ['--user', '10101:10101'];
    const mount = ['--volume', `${state}:/state:ro`];
    docker([
      'run',
      '--rm',
      '--name',
      name,
      ...user,
      ...confined,
      '--read-only',
      ...tmpfs,
      ...mount,
      '--entrypoint',
      'sh',
      imageOf(images.nginx),
      '-c',
      program,
    ]);
    expect(generations.length).toBeGreaterThan(LONG ? 100 : 10);
    process.stdout.write(`fuzz: nginx -t of ${generations.length} configurations\n`);
  }, 3_600_000);

  test('answers with any argument as it was written', async () => {
    const texts = new Set(of(everyOne).flatMap(({ accepted }) => accepted.map(({ value }) => written(value).replace(/[$\0-\x1f\x7f]/g, ''))));
    const rendered = [...texts].flatMap((text): [string, string][] => {
      try {
        return [[text, renderArgument(text)]];
      } catch {
        return [];
      }
    });
    const wanted = rendered.filter(([text]) => text !== '').slice(0, LONG ? 3000 : 1000);
    const locations = wanted.map(([, argument], index) => `location = /${index} { return 200 ${argument}; }`).join('\n');
    const server = `server { listen 8080; default_type text/plain; ${locations} }`;
    const config = `daemon off; error_log stderr; pid /tmp/pid; events {} http { access_log off; keepalive_requests 100000; ${server} }`;
    const files = folder({ 'nginx.conf': config });
    const port = await freePort();
    const start = ['run', '--detach', '--name', `${name}-nginx`, '--publish', `127.0.0.1:${port}:8080`, '--volume', `${files}:/state:ro`];
    engine(...start, '--entrypoint', 'nginx', imageOf(images.nginx), '-e', 'stderr', '-c', '/state/nginx.conf');
    await eventually(() => ask({ port, path: '/0' }), 60);
    const wrong: string[] = [];
    for (const [index, [text]] of wanted.entries()) {
      const { body } = await ask({ port, path: `/${index}` });
      if (body !== text) wrong.push(`${JSON.stringify(body)} for ${JSON.stringify(text)}`);
    }
    process.stdout.write(`fuzz: nginx answered with ${wanted.length} arguments\n`);
    expect(wrong).toEqual([]);
    expect(wanted.length).toBeGreaterThan(LONG ? 500 : 200);
  }, 3_600_000);
});

test('Python reads every file of settings as it was meant, and all of its programs compile', () => {
  const documents = [...new Set(uploads(stacksOf(everyOne), /\.json$/).flatMap((files) => [...files.values()]))];
  const program = [
    'import base64, json, py_compile, sys, pathlib',
    'for path in pathlib.Path("/runtime").rglob("*.py"): py_compile.compile(str(path), cfile="/tmp/compiled", doraise=True)',
    'for line in sys.stdin: print(json.dumps(json.loads(base64.b64decode(line)), sort_keys=False))',
  ].join('\n');
  const mounts = ['--volume', `${join(root, 'runtime')}:/runtime:ro`, '--tmpfs', '/tmp'];
  const output = docker(
    ['run', '--rm', '-i', '--name', name, ...confined, '--read-only', ...mounts, '--entrypoint', 'python', imageOf(images.python), '-c', program],
    lines(documents),
  );
  const read = output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  expect(read.length).toBe(documents.length);
  expect(documents.length).toBeGreaterThan(LONG ? 200 : 50);
  expect(documents.filter((document, index) => JSON.stringify(JSON.parse(document)) !== JSON.stringify(read[index])).slice(0, 3)).toEqual([]);
  process.stdout.write(`fuzz: Python read ${documents.length} documents\n`);
}, 3_600_000);

test('the engine hands every argument and variable to the program as it was meant, and no shell is between', () => {
  const scripts = readdirSync(join(root, 'runtime'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.sh'));
  for (const script of scripts)
    expect([script, spawnSync('sh', ['-n', join(root, 'runtime', script)], { encoding: 'utf8' }).stderr]).toEqual([script, '']);
  const program = 'import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))';
  const containers = containersOf(stacksOf((one) => one.at_once !== undefined && /^(WorkloadOptions|AppOptions)/.test(one.props[0])));
  let texts = 0;
  for (const container of containers) {
    const env = ((container.env ?? []) as string[]).map(literal);
    const command = [...((container.entrypoint ?? []) as string[]), ...((container.command ?? []) as string[])].map(literal);
    const options = ['run', '--rm', '--name', name, ...confined, ...env.flatMap((line) => ['--env', line])];
    const output = docker([...options, '--entrypoint', 'python', imageOf(images.python), '-c', program, ...command]);
    const [argv, environ] = JSON.parse(output) as [string[], Record<string, string>];
    expect(argv).toEqual(command.map(written));
    for (const line of env) expect(environ[line.slice(0, line.indexOf('='))]).toBe(written(line.slice(line.indexOf('=') + 1)));
    texts += command.length + env.length;
  }
  process.stdout.write(`fuzz: a program was given ${texts} arguments and variables\n`);
  expect(texts).toBeGreaterThan(300);
}, 3_600_000);

test('Postgres has every parameter, password and name as it was meant', async () => {
  const image = imageOf(images.postgres['18']);
  const servers = containersOf(stacksOf((one) => one.at_once !== undefined && one.props[0] === 'PostgresDbProps.parameters')).filter(
    ({ name: of_ }) => of_ === 'shop-w-server',
  );
  let parameters = 0;
  let names: string[] = [];
  for (const [index, server] of servers.entries()) {
    const given = ((server.command ?? []) as string[]).map(literal).filter((argument) => argument.startsWith('x.p'));
    const started = [
      'set -eu; initdb -D /tmp/data -U postgres --auth=trust >/tmp/log',
      'postgres -D /tmp/data -c listen_addresses= -c unix_socket_directories=/tmp "$@" 2>>/tmp/log & until pg_isready -q -h /tmp; do sleep 0.1; done',
      'exec sleep infinity',
    ].join('\n');
    const run = [
      'run',
      '--detach',
      '--name',
      name,
      ...confined,
      '--user',
      'postgres',
      '--read-only',
      '--tmpfs',
      '/tmp:mode=1777,exec',
      '--tmpfs',
      '/run:mode=1777',
    ];
    engine(...run, '--init', '--entrypoint', 'sh', image, '-c', started, 'sh', ...given.flatMap((argument) => ['-c', argument]));
    try {
      const psql = (script: string) =>
        docker(['exec', '-i', name, 'psql', '-X', '-q', '-A', '-t', '-h', '/tmp', '-U', 'postgres', '-v', 'ON_ERROR_STOP=1', 'postgres'], script);
      await eventually(() => expect(psql('SELECT 1;\n')).toBe('1\n'), 60);
      const hex = (expression: string) => `SELECT encode(convert_to(${expression}, 'UTF8'), 'hex');\n`;
      const shown = psql(given.map((argument) => hex(`current_setting('${argument.slice(0, argument.indexOf('='))}')`)).join('')).split('\n');
      const wrong = given.filter(
        (argument, at) => Buffer.from(shown[at], 'hex').toString('utf8') !== written(argument.slice(argument.indexOf('=') + 1)),
      );
      expect(wrong.slice(0, 3)).toEqual([]);
      parameters += given.length;
      if (index > 0) continue;
      // As logins.sh does it: a password from a file, names from arguments.
      const texts = [
        ...new Set(
          of((one) => one.props[0] === 'Secret.fromFile(path)' || one.at_once !== undefined).flatMap(({ accepted }) =>
            accepted.map(({ value }) => written(value)),
          ),
        ),
      ]
        .map((text) => text.replace(/[\0\r\n]+/g, ''))
        .filter((text) => text !== '')
        .slice(0, LONG ? 2000 : 200);
      docker(
        [
          'exec',
          '-i',
          name,
          'sh',
          '-c',
          'mkdir /tmp/values; n=0; while read -r line; do printf %s "$line" | base64 -d >/tmp/values/$n; n=$((n + 1)); done',
        ],
        lines(texts),
      );
      const literals = psql(texts.map((_text, at) => `\\set value \`cat /tmp/values/${at}\`\n${hex(":'value'")}`).join('')).split('\n');
      expect(texts.filter((text, at) => Buffer.from(literals[at], 'hex').toString('utf8') !== text).slice(0, 3)).toEqual([]);
      names = [
        ...new Set(
          of((one) => /^Postgres(DbProps|RoleProps|DatabaseProps|DatabaseOptions)\.(user|roleName|databaseName)$/.test(one.props[0])).flatMap(
            ({ accepted }) => accepted.map(({ value }) => value),
          ),
        ),
      ];
      const before = psql('SELECT count(*) FROM pg_roles;\n');
      psql(names.map((one) => `\\set login ${one}\nCREATE ROLE :"login";\n`).join(''));
      expect(Number(psql('SELECT count(*) FROM pg_roles;\n'))).toBe(Number(before) + names.length);
      const there = new Set(psql('SELECT rolname FROM pg_roles;\n').split('\n'));
      expect(names.filter((one) => !there.has(one))).toEqual([]);
      process.stdout.write(`fuzz: psql read ${texts.length} literals, and made ${names.length} roles\n`);
      expect(texts.length).toBeGreaterThan(100);
    } finally {
      engine('rm', '-f', '-v', name);
    }
  }
  process.stdout.write(`fuzz: Postgres has ${parameters} parameters\n`);
  expect(parameters).toBeGreaterThan(50);
  expect(names.length).toBeGreaterThan(0);
}, 3_600_000);

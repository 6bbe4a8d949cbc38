import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { App, TerraformStack } from 'cdktf';
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, utimesSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ContainerImage, DjangoService, NginxProxy, PostgresDb } from '../lib';
import { filesOf, folder } from './support/folder';

const root = resolve(__dirname, '..');

/** All that was synthesized, without the two places where cdktf writes a path of the machine. */
function bytes(outdir: string, workingFolder: string): { [path: string]: string } {
  return Object.fromEntries(
    Object.entries(filesOf(outdir)).map(([path, text]) => [path, text.replaceAll(workingFolder, 'FOLDER').replace(/"stackTrace": \[[^\]]*\]/g, '')]),
  );
}

test('the example is the same bytes from two folders, in two processes', () => {
  const runs = ['one', 'another-folder'].map((name) => {
    const folders = { home: folder({}, name), out: join(folder({}, `${name}-out`), 'cdktf.out') };
    const result = spawnSync(process.execPath, [join(root, 'node_modules/tsx/dist/cli.mjs'), join(root, 'bin/shop.ts')], {
      cwd: folders.home,
      encoding: 'utf8',
      env: {
        ...process.env,
        CDKTF_OUTDIR: folders.out,
        CDKTF_DJANGO_PORT: '8080',
        CDKTF_DJANGO_IMAGE_MIRROR: 'localhost/mirror',
        TZ: name === 'one' ? 'UTC' : 'Asia/Tokyo',
        LANG: name === 'one' ? 'C' : 'tr_TR.UTF-8',
      },
    });
    expect(result.stderr).toBe('');
    return bytes(folders.out, folders.home);
  });
  expect(Object.keys(runs[0])).toEqual(expect.arrayContaining(['manifest.json', 'stacks/shop/cdk.tf.json']));
  expect(Object.keys(runs[0]).filter((path) => path.endsWith('manage.py'))).toHaveLength(1);
  expect(runs[1]).toEqual(runs[0]);
  expect(JSON.stringify(runs[0])).not.toContain(root);
}, 30_000);

test('a project in another folder, checked out at another time, is the same bytes', () => {
  const runs = [1, 2].map((time) => {
    const project = join(folder(), 'shop');
    cpSync(join(root, 'examples', 'shop'), project, { recursive: true });
    for (const name of readdirSync(project)) utimesSync(join(project, name), time, time);
    const out = folder({}, 'out');
    const app = new App({ outdir: out });
    const stack = new TerraformStack(app, 'shop');
    new DockerProvider(stack, 'Docker');
    const database = new PostgresDb(stack, 'Db');
    const shop = new DjangoService(stack, 'Shop', { image: ContainerImage.fromDjangoProject(project), project: 'shop', database });
    new NginxProxy(stack, 'Proxy').addRoute({ host: 'shop.example.com', target: shop });
    app.synth();
    return bytes(out, process.cwd());
  });
  expect(runs[1]).toEqual(runs[0]);
});

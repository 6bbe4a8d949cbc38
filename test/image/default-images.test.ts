import { existsSync } from 'node:fs';
import { defaultImages, runtimeFile, runtimeFolder } from '../../lib/image/default-images';
import { parseImageReference, problemOfReference } from '../../lib/image/image-reference';

const all = [defaultImages.nginx, defaultImages.python, ...Object.values(defaultImages.postgres)];

test.each(all)('%s is an official image with a full version and the Debian release', (reference) => {
  expect(problemOfReference(reference)).toBeUndefined();
  const { registry, repository, tag } = parseImageReference(reference)!;
  expect(registry).toBeUndefined();
  expect(repository).toMatch(/^[a-z]+$/);
  expect(tag).toMatch(/^\d+\.\d+(\.\d+)?(-slim)?-[a-z]+$/);
});

test('nginx keeps idle connections over a reload, which came with 1.27.4', () => {
  const [major, minor, patch] = /:(\d+)\.(\d+)\.(\d+)/.exec(defaultImages.nginx)!.slice(1).map(Number);
  expect(major * 1e6 + minor * 1e3 + patch).toBeGreaterThanOrEqual(1_027_004);
});

test('lego is of a full version', () => {
  expect(defaultImages.lego).toMatch(/^goacme\/lego:v\d+\.\d+\.\d+$/);
});

test('PgBouncer ends with its last client at SIGTERM, which came with 1.23', () => {
  const [major, minor] = /^edoburu\/pgbouncer:v(\d+)\.(\d+)\.\d+-p\d+$/.exec(defaultImages.pgbouncer)!.slice(1).map(Number);
  expect(major * 1000 + minor).toBeGreaterThanOrEqual(1023);
});

test('Valkey is of a full version and the Debian release', () => {
  expect(defaultImages.valkey).toMatch(/^valkey\/valkey:\d+\.\d+\.\d+-trixie$/);
});

test('Mailpit is of a full version', () => {
  expect(defaultImages.mailpit).toMatch(/^axllent\/mailpit:v\d+\.\d+\.\d+$/);
});

test('Prometheus and its exporters are of full versions', () => {
  expect(defaultImages.prometheus).toMatch(/^prom\/prometheus:v3\.\d+\.\d+$/);
  expect(defaultImages.nodeExporter).toMatch(/^prom\/node-exporter:v\d+\.\d+\.\d+$/);
  // With a shell, which reads the password.
  expect(defaultImages.redisExporter).toMatch(/^oliver006\/redis_exporter:v\d+\.\d+\.\d+-alpine$/);
  expect(defaultImages.statsdExporter).toMatch(/^prom\/statsd-exporter:v\d+\.\d+\.\d+$/);
  expect(defaultImages.nginxExporter).toMatch(/^nginx\/nginx-prometheus-exporter:\d+\.\d+\.\d+$/);
  expect(defaultImages.postgresExporter).toMatch(/^prometheuscommunity\/postgres-exporter:v\d+\.\d+\.\d+$/);
});

test('the images of Postgres are those of their major versions', () => {
  expect(Object.keys(defaultImages.postgres)).toEqual(['15', '16', '17', '18']);
  for (const [major, reference] of Object.entries(defaultImages.postgres)) expect(reference).toMatch(new RegExp(`^postgres:${major}\\.`));
});

test('what runs in containers lies beside the library', () => {
  expect(existsSync(runtimeFolder)).toBe(true);
  expect(runtimeFile('python/manage')).toMatch(/^#!/);
});

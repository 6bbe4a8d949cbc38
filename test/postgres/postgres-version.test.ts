import { Lazy } from 'cdktf';
import { defaultImages } from '../../lib/image/default-images';
import { PostgresVersion } from '../../lib/postgres/postgres-version';

test.each([
  [PostgresVersion.V15, 15, '/var/lib/postgresql/data'],
  [PostgresVersion.V16, 16, '/var/lib/postgresql/data'],
  [PostgresVersion.V17, 17, '/var/lib/postgresql/data'],
  [PostgresVersion.V18, 18, '/var/lib/postgresql'],
])('the pinned versions %#', (version, major, mountPath) => {
  expect(version._problem).toBeUndefined();
  expect(version).toMatchObject({ major, mountPath, dataDirectory: `${mountPath}/${major}/docker` });
  expect(defaultImages.postgres[major]).toMatch(new RegExp(`^postgres:${major}\\.\\d+-${version.codename}$`));
});

test.each([
  [17, 'postgres:17.6-bookworm', 'bookworm'],
  [17, 'postgres:17-bookworm', 'bookworm'],
  [18, `registry.example.com:5000/our/postgres:18.1-trixie@sha256:${'a'.repeat(64)}`, 'trixie'],
])('version %s in %s', (major, reference, codename) => {
  expect(PostgresVersion.of(major, reference)).toMatchObject({ major, codename, _problem: undefined });
});

test.each([
  [9, 'postgres:9.6-stretch', 'version must be one of Postgres 15, 16, 17, 18, got 9'],
  [17.6, 'postgres:17.6-bookworm', /must be one of .*, got 17.6$/],
  ['17', 'postgres:17.6-bookworm', /must be one of .*, got "17"$/],
  [
    17,
    'postgres:latest',
    'version 17 must name an image with a tag of version and Debian release such as "postgres:17.1-trixie", got "postgres:latest"',
  ],
  [17, 'postgres', /, got "postgres"$/],
  [17, 'postgres:17', /, got "postgres:17"$/],
  [17, 'postgres:17.6', /, got "postgres:17.6"$/],
  [17, 'postgres:bookworm', /, got "postgres:bookworm"$/],
  [17, 'postgres:17.6-alpine3.22', /, got "postgres:17.6-alpine3.22"$/],
  [17, 'postgres:17.6-alpine', /which is Alpine; take the Debian image$/],
  [17, 'postgres:16.9-bookworm', /got "postgres:16.9-bookworm", which is version 16$/],
  [17, 'postgres:17.6-bookworm; rm', /got "postgres:17.6-bookworm; rm"$/],
  [17, undefined, /got undefined$/],
  [17, Lazy.stringValue({ produce: () => 'postgres:17.6-bookworm' }), /not known before the deploy; write it out$/],
])('a problem with %s in %s', (major, reference, problem) => {
  expect(PostgresVersion.of(major as number, reference as string)._problem).toEqual(
    typeof problem === 'string' ? problem : expect.stringMatching(problem),
  );
});

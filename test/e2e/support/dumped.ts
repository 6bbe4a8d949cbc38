import { engine } from './docker';

/** A million rows, with text, times and a key. */
export const MILLION = `
CREATE TABLE million AS
  SELECT n, n * 7919::bigint % 1000003 AS value, 'Zeile ' || n AS text, '2026-03-29 00:59 Europe/Berlin'::timestamptz + n * interval '1 minute' AS at FROM generate_series(1, 1000000) AS n;
ALTER TABLE million ADD PRIMARY KEY (n)`;

/** All that pg_dump and pg_dumpall know, as text that is the same for the same content. */
export function dumped(server: string, database: string): string {
  const script = `
    export PGPASSWORD=$(cat /run/secrets/db-superuser-password/value) PGHOST=/run/postgresql PGUSER=postgres
    pg_dump --create --dbname=${database}; pg_dumpall --roles-only --no-role-passwords`;
  // Each dump has words of its own against injections.
  return engine('exec', server, 'sh', '-c', script).replace(/^\\(un)?restrict .*$/gm, '');
}

/** The same, told by the lines that differ: the texts are long. */
export function expectSame(after: string, before: string): void {
  const differing = (one: string, other: string) => {
    const lines = new Set(other.split('\n'));
    return one
      .split('\n')
      .filter((line) => !lines.has(line))
      .slice(0, 50);
  };
  expect({ lost: differing(before, after), more: differing(after, before) }).toEqual({ lost: [], more: [] });
  expect(after === before).toBe(true);
}

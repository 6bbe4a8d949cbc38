import fc from 'fast-check';
import { PostgresPoolMode, PostgresSslMode } from '../../lib';
import { checkPoolerParameters, PoolerConfiguration, renderPoolerConfiguration } from '../../lib/postgres/pooler-configuration';
import { newStack } from '../support/synth';

const usual: PoolerConfiguration = {
  host: 'shop-db-server',
  port: 5432,
  databaseName: 'app',
  sslMode: PostgresSslMode.DISABLE,
  listenPort: 5432,
  folder: '/run/pgbouncer',
  poolMode: PostgresPoolMode.TRANSACTION,
  poolSize: 20,
  maxClientConnections: 1000,
  parameters: {},
};

/** As PgBouncer reads the file (parse_ini_file of libusual), written apart from the renderer: sections, and in each its keys with their values. */
function read(text: string): Record<string, Record<string, string>> {
  const sections: Record<string, Record<string, string>> = {};
  let section = '';
  for (let at = 0; ;) {
    while (/\s/.test(text[at] ?? '')) at++;
    if (at >= text.length) return sections;
    const end = text.indexOf('\n', at) < 0 ? text.length : text.indexOf('\n', at);
    const line = text.slice(at, end);
    at = end;
    if (/^[#;]/.test(line)) continue;
    if (line.startsWith('%include')) throw new Error(`a file is included: ${line}`);
    if (line.startsWith('[')) {
      section = line.slice(1, line.indexOf(']'));
      sections[section] = {};
      continue;
    }
    const found = /^("(?:[^"]|"")*"|[A-Za-z0-9_.*-]+)[ \t]*=[ \t]*(.*)$/s.exec(line);
    if (!found || !section) throw new Error(`syntax error: ${line}`);
    const name = found[1].startsWith('"') ? found[1].slice(1, -1).replaceAll('""', '"') : found[1];
    if (name in sections[section]) throw new Error(`${name} is set twice`);
    sections[section][name] = found[2].trimEnd();
  }
}

/** As PgBouncer reads the value of a database (cstr_get_pair in src/loader.c). */
function pairs(value: string): Record<string, string> {
  const found: Record<string, string> = {};
  let rest = value;
  while (rest.trim() !== '') {
    const part = /^\s*([^= ]+)\s*=\s*(?:'((?:[^']|'')*)'|([^' ]\S*))/.exec(rest);
    if (!part) throw new Error(`syntax error in connection string: ${rest}`);
    found[part[1]] = part[2] === undefined ? part[3] : part[2].replaceAll("''", "'");
    rest = rest.slice(part[0].length);
  }
  return found;
}

test('the file of an ordinary pooler', () => {
  expect(renderPoolerConfiguration(usual)).toBe(
    [
      '[databases]',
      "app = host='shop-db-server' port=5432 dbname='app'",
      '',
      '[pgbouncer]',
      'listen_addr = *',
      'listen_port = 5432',
      'listen_backlog = 1024',
      'unix_socket_dir = /run/pgbouncer',
      'auth_type = scram-sha-256',
      'auth_file = /run/pgbouncer/users',
      'pool_mode = transaction',
      'default_pool_size = 20',
      'max_db_connections = 20',
      'max_client_conn = 1000',
      'max_prepared_statements = 200',
      'ignore_startup_parameters = extra_float_digits',
      'server_login_retry = 1',
      'dns_max_ttl = 1',
      'dns_nxdomain_ttl = 1',
      'query_wait_timeout = 30',
      'server_tls_sslmode = disable',
      'log_connections = 0',
      'log_disconnections = 0',
      '',
    ].join('\n'),
  );
});

test('a server elsewhere is verified by the authorities of the image', () => {
  const { pgbouncer } = read(renderPoolerConfiguration({ ...usual, sslMode: PostgresSslMode.VERIFY_FULL }));
  expect(pgbouncer).toMatchObject({ server_tls_sslmode: 'verify-full', server_tls_ca_file: '/etc/ssl/certs/ca-certificates.crt' });
});

test('parameters of a user win, each in one place', () => {
  const { pgbouncer } = read(renderPoolerConfiguration({ ...usual, parameters: { query_wait_timeout: '5', server_lifetime: '60' } }));
  expect(pgbouncer).toMatchObject({ query_wait_timeout: '5', server_lifetime: '60', pool_mode: 'transaction' });
});

const name = fc.string({ unit: fc.constantFrom(...'abZ09_.-@ =;#%[]*"\''), minLength: 1, maxLength: 12 });

test('no text of a user is anything but what it is meant to be', () => {
  const parameter = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((value) => !/[\0\r\n]/.test(value));
  const parameters = fc.dictionary(
    fc.string({ unit: fc.constantFrom(...'abc_9'), minLength: 1, maxLength: 6 }).map((value) => `x${value}`),
    fc.oneof(parameter, fc.constantFrom('[databases]', '%include /etc/passwd', '; a', "a' b=c", 'a = b', ' a ')),
    { maxKeys: 4 },
  );
  fc.assert(
    fc.property(name, name, parameters, (databaseName, host, given) => {
      checkPoolerParameters(newStack(), given);
      const found = read(renderPoolerConfiguration({ ...usual, databaseName, host, parameters: given }));
      expect(Object.keys(found)).toEqual(['databases', 'pgbouncer']);
      expect(Object.keys(found.databases)).toEqual([databaseName]);
      expect(pairs(found.databases[databaseName])).toEqual({ host, port: '5432', dbname: databaseName });
      const plain = read(renderPoolerConfiguration(usual)).pgbouncer;
      // Spaces around a value are none of it for PgBouncer.
      const trimmed = Object.entries(given).map(([key, value]) => [key, value.replace(/^[ \t]+/, '').trimEnd()]);
      expect(found.pgbouncer).toEqual({ ...plain, ...Object.fromEntries(trimmed) });
    }),
    { numRuns: 300 },
  );
});

test.each([
  [{ 'query wait': '1' }, 'the name of a parameter must be lower-case letters, digits and "_", as in "query_wait_timeout", got "query wait"'],
  [{ '%include': '/x' }, 'the name of a parameter must be lower-case letters'],
  [{ pool_mode: 'statement' }, 'parameter pool_mode cannot be set: set poolMode'],
  [{ auth_file: '/x' }, 'parameter auth_file cannot be set: clients have the login of the database'],
  [{ reserve_pool_size: '5' }, 'parameter reserve_pool_size cannot be set: set defaultPoolSize'],
  [{ query_timeout: 5 }, 'parameter query_timeout must be a string such as "30", got 5'],
  [{ query_timeout: '5\n%include /x' }, 'parameter query_timeout must be one line'],
])('%j is refused', (parameters, message) => {
  expect(() => checkPoolerParameters(newStack(), parameters as unknown as Record<string, string>)).toThrow(`shop: ${message}`);
});

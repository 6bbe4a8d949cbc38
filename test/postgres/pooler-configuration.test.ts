import fc from 'fast-check';
import { PostgresPoolMode, PostgresSslMode } from '../../lib';
import { checkPoolerParameters, PoolerConfiguration, renderPoolerConfiguration } from '../../lib/postgres/pooler-configuration';
import { newStack } from '../support/synth';

const usual: PoolerConfiguration = {
  sslMode: PostgresSslMode.DISABLE,
  listenPort: 5432,
  folder: '/tmp/pgbouncer',
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
    if (line.startsWith('%include')) {
      if (line !== '%include /tmp/pgbouncer/databases.ini') throw new Error(`another file is included: ${line}`);
      continue;
    }
    if (line.startsWith('[')) {
      section = line.slice(1, line.indexOf(']'));
      sections[section] = {};
      continue;
    }
    const found = /^([A-Za-z0-9_.*-]+)[ \t]*=[ \t]*(.*)$/s.exec(line);
    if (!found || !section) throw new Error(`syntax error: ${line}`);
    if (found[1] in sections[section]) throw new Error(`${found[1]} is set twice`);
    sections[section][found[1]] = found[2].trimEnd();
  }
}

test('the file of an ordinary pooler', () => {
  expect(renderPoolerConfiguration(usual)).toBe(
    [
      '[pgbouncer]',
      'listen_addr = *',
      'listen_port = 5432',
      'listen_backlog = 1024',
      'unix_socket_dir = /tmp/pgbouncer',
      'auth_type = scram-sha-256',
      'auth_file = /tmp/pgbouncer/users',
      'pool_mode = transaction',
      'default_pool_size = 20',
      'max_db_connections = 20',
      'max_client_conn = 1000',
      'max_prepared_statements = 200',
      'ignore_startup_parameters = extra_float_digits',
      'server_login_retry = 1',
      'query_wait_timeout = 15',
      'server_tls_sslmode = disable',
      'log_connections = 0',
      'log_disconnections = 0',
      '%include /tmp/pgbouncer/databases.ini',
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

test('no text of a user is anything but what it is meant to be', () => {
  const parameter = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((value) => !/[\0\r\n]/.test(value));
  const parameters = fc.dictionary(
    fc.string({ unit: fc.constantFrom(...'abc_9'), minLength: 1, maxLength: 6 }).map((value) => `x${value}`),
    fc.oneof(parameter, fc.constantFrom('[databases]', '%include /etc/passwd', '; a', "a' b=c", 'a = b', ' a ')),
    { maxKeys: 4 },
  );
  fc.assert(
    fc.property(parameters, (given) => {
      checkPoolerParameters(newStack(), given);
      const found = read(renderPoolerConfiguration({ ...usual, parameters: given }));
      expect(Object.keys(found)).toEqual(['pgbouncer']);
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

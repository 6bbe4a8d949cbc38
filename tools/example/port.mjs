/** Whether the example's port is free, ours, or somebody else's. */

import net from 'node:net';
import { ask, which } from '../setup/run.mjs';
import { Trouble } from '../setup/trouble.mjs';
import { HTTPS_PORT, stateText } from './shop.mjs';

function free(port) {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Who listens, as well as it can be told. */
async function listener(port) {
  if (!which('ss')) return 'another program';
  const { stdout } = await ask('ss', ['-ltnpH', `sport = :${port}`]);
  const [, name, pid] = /\(\("([^"]+)",pid=(\d+)/.exec(stdout) ?? [];
  return name ? `${name} (process ${pid})` : 'another program';
}

/** Resolves when a deploy can publish the port; a {@link Trouble} with the remedy when it cannot. */
export async function assertPort(port) {
  const remedy =
    port === HTTPS_PORT ? 'stop what uses it' : `npm start -- --port ${port === 8090 ? 8091 : 8090} (any free port), or stop what uses it`;
  const { stdout } = await ask('docker', [
    'ps', '--no-trunc', '--filter', `publish=${port}`, '--format', '{{.ID}} {{.Names}}',
  ]); // prettier-ignore
  const [id, name] = stdout.trim().split('\n')[0].split(' ');
  if (id) {
    if (stateText().includes(id)) return; // our own proxy
    throw new Trouble(`port ${port} is taken by the container ${name}`, { remedy });
  }
  try {
    if (await free(port)) return;
  } catch (error) {
    throw new Trouble(`port ${port} cannot be used: ${error.message}`, { remedy });
  }
  throw new Trouble(`port ${port} is taken by ${await listener(port)}`, { remedy });
}

/** The name of the container that publishes the port. */
export async function publisher(port) {
  const { stdout } = await ask('docker', ['ps', '--filter', `publish=${port}`, '--format', '{{.Names}}']);
  return stdout.trim().split('\n')[0];
}

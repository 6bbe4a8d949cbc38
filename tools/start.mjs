/**
 * npm start [-- [--port 8090] [--tls]]
 *
 * Sets up what is missing, deploys the example and waits until it answers through nginx; with --tls over HTTPS, by a certificate of the engine's own.
 */

import http from 'node:http';
import https from 'node:https';
import { parseArgs } from 'node:util';
import { assertPort, publisher } from './example/port.mjs';
import { cdktf, DEFAULT_PORT, HTTPS_PORT, STACK } from './example/shop.mjs';
import { setUp } from './setup/index.mjs';
import { ask } from './setup/run.mjs';
import { say, seconds } from './setup/say.mjs';
import { main, Trouble } from './setup/trouble.mjs';

const PATIENCE_MS = 60_000;

function options() {
  let values;
  try {
    ({ values } = parseArgs({ options: { port: { type: 'string' }, tls: { type: 'boolean' } } }));
  } catch (error) {
    throw new Trouble(error.message, { remedy: 'npm start [-- [--port 8090] [--tls]]' });
  }
  const text = values.port ?? process.env.CDKTF_DJANGO_PORT ?? String(DEFAULT_PORT);
  if (!/^\d+$/.test(text) || Number(text) < 1 || Number(text) > 65535) {
    throw new Trouble(`"${text}" is not a port`, { remedy: 'a number from 1 to 65535' });
  }
  if (values.tls && Number(text) === HTTPS_PORT) throw new Trouble(`--tls has port ${HTTPS_PORT} for HTTPS`, { remedy: 'another --port' });
  return { port: Number(text), tls: values.tls ?? false };
}

function status(url) {
  return new Promise((resolve) => {
    const secure = url.startsWith('https:');
    // Nobody has certified the certificate.
    const request = (secure ? https : http).get(url, { timeout: 5_000, ...(secure ? { rejectUnauthorized: false } : {}) }, (response) => {
      response.resume();
      resolve(`${response.statusCode} from ${response.headers.server ?? 'a server without a name'}`);
    });
    request.on('timeout', () => request.destroy(new Error('no answer within 5 s')));
    request.on('error', (error) => resolve(error.message));
  });
}

async function waitForSite(url) {
  let last = '';
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until;) {
    last = await status(url);
    if (last.startsWith('200 ')) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  const { stdout } = await ask('docker', ['ps', '-a', '--filter', `name=^${STACK}-`, '--format', '{{.Names}}\t{{.Status}}']);
  throw new Trouble(`${url} does not answer with 200 (last: ${last}). The containers:\n${stdout.trimEnd()}`, {
    remedy: 'docker logs NAME of the one that is not healthy says why; npm start tries again',
  });
}

/** Whether this machine's loopback is the engine's: a published port is looked for there. */
const engineIsHere = () => !process.env.DOCKER_HOST || process.env.DOCKER_HOST.startsWith('unix:');

await main(async () => {
  const { port, tls } = options();
  const { env, startedEngine } = await setUp();
  if (engineIsHere()) {
    await assertPort(port);
    if (tls) await assertPort(HTTPS_PORT);
  }

  say('example', `deploying the stack "${STACK}" with cdktf ...`);
  await cdktf(['deploy', STACK, '--auto-approve', '--skip-provider-lock'], {
    env: { ...env, CDKTF_DJANGO_PORT: String(port), CDKTF_DJANGO_HTTPS_PORT: tls ? String(HTTPS_PORT) : '' },
    what: 'cdktf deploy failed',
    remedy: 'mend what the output names, then npm start again: what was made is kept',
  });
  const [scheme, sitePort] = tls ? ['https', HTTPS_PORT] : ['http', port];
  const site = `${scheme}://127.0.0.1:${sitePort}`;
  if (!engineIsHere()) {
    say('example', `deployed in ${seconds()}, on ${process.env.DOCKER_HOST}: it listens on that engine's own loopback`);
    return;
  }
  await waitForSite(`${site}/`);
  const proxy = await publisher(port);

  process.stdout.write(`
The site answers (${seconds()} in all).

  The shop       ${site}/   and   ${scheme}://shop.localhost:${sitePort}/
  The Flask app  ${site}/hello/   and   ${scheme}://hello.localhost:${sitePort}/

${tls ? `  The browser warns: the certificate is one that the engine made for itself. http://127.0.0.1:${port}/ redirects.\n\n` : ''}  Containers     docker ps --filter name=^${STACK}-
  Logs           docker logs -f ${proxy}   (nginx; any other by its name)
  Stop           npm stop             (keeps the data)
                 npm stop -- --data   (removes the data too, after asking)
`);
  // Left running: the site lives on it.
  if (startedEngine)
    process.stdout.write(`  Docker         dockerd was started for this as process ${startedEngine}; kill ${startedEngine} ends it\n`);
});

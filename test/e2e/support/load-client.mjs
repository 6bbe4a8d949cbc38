// A client that makes a new connection for each request and never tries one again: what a release does wrong, it sees.
//
//   node load-client.mjs '{"port": 8080, "host": "shop.localhost", "path": "/", "contains": "text", "parallel": 16, "pause": 40, "minimum": 2000}'
//
// It asks until its standard input ends and it has made as many requests as it must, and prints what came of them as JSON.
import { request } from 'node:http';

const MAXIMUM = 100_000;
const LONGEST = 10 * 60_000;
const SHOWN = 5;

const options = JSON.parse(process.argv[2]);
const started = Date.now();
const result = { requests: 0, failed: 0, slowest: 0, failures: [] };
let ending = false;
process.stdin.on('end', () => (ending = true)).resume();

function ask() {
  return new Promise((resolve) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: options.port,
        path: options.path,
        agent: false,
        timeout: 30_000,
        headers: { Host: options.host, Connection: 'close' },
      },
      (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('error', (error) => resolve(`answer cut off: ${error.message}`));
        response.on('end', () => {
          const body = Buffer.concat(parts).toString('utf8');
          const good = response.statusCode === 200 && body.includes(options.contains);
          resolve(good ? undefined : `${response.statusCode}: ${body.slice(0, 200)}`);
        });
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('no answer within 30 s')));
    sent.on('error', (error) => resolve(error.message));
    sent.end();
  });
}

async function client() {
  while (!(ending && result.requests >= options.minimum) && result.requests < MAXIMUM && Date.now() - started < LONGEST) {
    const begun = Date.now();
    result.requests++;
    const failure = await ask();
    result.slowest = Math.max(result.slowest, Date.now() - begun);
    if (failure !== undefined) {
      result.failed++;
      if (result.failures.length < SHOWN) result.failures.push(`after ${((begun - started) / 1000).toFixed(1)} s: ${failure}`);
    }
    await new Promise((resolve) => setTimeout(resolve, options.pause));
  }
}

await Promise.all(Array.from({ length: options.parallel }, client));
process.stdout.write(JSON.stringify(result));
process.exit(0);

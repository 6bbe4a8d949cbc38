// Clients that never try a request again: what a release does wrong, they see.
//
//   node load-client.mjs '{"port": 8080, "host": "shop.localhost", "minimum": 2000, "groups": [{"name": "visitors", "count": 16, "every": 40, ...}]}'
//
// They ask until standard input ends and as many requests are made as must be, and print what came of them as JSON. A line of standard input begins a
// phase of that name; a request counts for the phase in which it is sent. load.ts describes the options.
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { createInterface } from 'node:readline';

const LONGEST = 60 * 60_000;
const SHOWN = 20;
const CONTENT_TYPES = { css: 'text/css', svg: 'image/svg+xml' };
// A page is asked for anew after its files were fetched so many times: they are wanted for as long as somebody has the page open.
const FETCHES_OF_A_PAGE = 3;

const options = JSON.parse(process.argv[2]);
const [request, Agent] = options.https ? [httpsRequest, HttpsAgent] : [httpRequest, HttpAgent];
// Whoever certified the server.
const tls = options.https ? { rejectUnauthorized: false, servername: options.host.replace(/:\d+$/, '') } : {};
const started = Date.now();
const none = () => ({ requests: 0, failed: 0, slowest: 0 });
const result = { ...none(), seconds: 0, failures: [], phases: [], acknowledged: [] };
let phase;
let ending = false;

function begin(name) {
  if (phase) phase.seconds = (Date.now() - phase.started) / 1000;
  phase = { name, started: Date.now(), seconds: 0, groups: Object.fromEntries(options.groups.map((group) => [group.name, none()])) };
  result.phases.push(phase);
}

begin('');
createInterface({ input: process.stdin })
  .on('line', begin)
  .on('close', () => (ending = true));

/** Sends one request and gives the answer; fails with the reason when there is none, or not the whole of it. */
function answerTo({ at = options, path, method = 'GET', body, agent }) {
  return new Promise((resolve, reject) => {
    const headers = { Host: options.host, ...(agent ? {} : { Connection: 'close' }) };
    if (body !== undefined)
      Object.assign(headers, { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': Buffer.byteLength(body) });
    const where = { host: at.address, port: at.port, ...tls };
    const sent = request({ ...where, path, method, agent: agent ?? false, timeout: 60_000, headers }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', (error) => reject(new Error(`answer cut off: ${error.message}`)));
      response.on('end', () =>
        resolve({ status: response.statusCode, type: response.headers['content-type'] ?? '', text: Buffer.concat(parts).toString('utf8') }),
      );
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer within 60 s')));
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Makes a request count, and its failure too; gives the answer, or nothing when it is not what was expected. */
async function ask(group, question, expected) {
  const counts = [result, phase.groups[group.name]];
  const { name } = phase;
  const begun = Date.now();
  let problem;
  let answer;
  for (const count of counts) count.requests++;
  try {
    answer = await answerTo({ at: group.at, ...question });
    if (answer.status !== 200 || !expected(answer)) problem = `${answer.status} ${answer.type}: ${answer.text.slice(0, 200)}`;
  } catch (error) {
    problem = error.message;
  }
  for (const count of counts) {
    count.slowest = Math.max(count.slowest, Date.now() - begun);
    if (problem !== undefined) count.failed++;
  }
  if (problem === undefined) return answer;
  if (result.failures.length < SHOWN) {
    const where = [group.name, ...(name ? [`in ${name}`] : []), `after ${((begun - started) / 1000).toFixed(1)} s`].join(', ');
    result.failures.push(`${where}: ${question.method ?? 'GET'} ${question.path}: ${problem}`);
  }
  return undefined;
}

const contains = (group) => (answer) => answer.text.includes(group.contains);

/** What a client of each kind does again and again. */
const KINDS = {
  async plain(group, client) {
    await ask(group, { path: group.path, agent: client.agent }, contains(group));
  },

  /** Writes a row with a text that no other row has. */
  async rows(group, client) {
    const token = `${process.pid}-${client.number}-${++client.count}`;
    const answer = await ask(group, { path: group.path, method: 'POST', body: `token=${token}`, agent: client.agent }, (one) =>
      one.text.includes(`"${token}"`),
    );
    if (answer) result.acknowledged.push(token);
  },

  /** Gets a page, then the files that it names, as a browser does. */
  async pages(group, client) {
    if (client.count++ % (FETCHES_OF_A_PAGE + 1) === 0) {
      const page = await ask(group, { path: group.path, agent: client.agent }, contains(group));
      client.files = [...(page?.text ?? '').matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((match) => match[1]);
      return;
    }
    for (const path of client.files) {
      const type = CONTENT_TYPES[/\.[0-9a-f]{12}\.([a-z]+)$/.exec(path)?.[1]];
      await ask(group, { path, agent: client.agent }, (file) => type !== undefined && file.type.startsWith(type));
    }
  },
};

async function run(group, number) {
  const client = { number, count: 0, files: [], agent: group.keep ? new Agent({ keepAlive: true, maxSockets: 1 }) : undefined };
  // Not all at the same moment.
  await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(group.every, 1000)));
  while (!(ending && result.requests >= options.minimum) && Date.now() - started < LONGEST) {
    const begun = Date.now();
    await KINDS[group.kind ?? 'plain'](group, client);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, begun + group.every - Date.now())));
  }
}

let clients = 0;
await Promise.all(options.groups.flatMap((group) => Array.from({ length: group.count }, () => run(group, clients++))));
phase.seconds = (Date.now() - phase.started) / 1000;
result.seconds = (Date.now() - started) / 1000;
process.stdout.write(JSON.stringify(result), () => process.exit(0));

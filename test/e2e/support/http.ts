import { Agent, ClientRequest, IncomingMessage, request, RequestOptions } from 'node:http';

/** What a server answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
  /** The body as it came: compressed, for one that asked for it. */
  readonly bytes: Buffer;
}

/** What is asked. */
export interface Question {
  readonly port: number;
  /** @default '127.0.0.1' */
  readonly address?: string;
  readonly path?: string;
  /** The Host header. */
  readonly host?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
}

/** Asks a server. A connection that is closed without an answer is an error, `ECONNRESET`. */
export function ask(question: Question): Promise<Answer> {
  // A connection of its own, unless the test says otherwise: a kept one may lead to a proxy that is gone.
  return exchange(request, question, { agent: question.agent ?? false });
}

/** Asks by a means, with options of that means. */
export function exchange<O extends RequestOptions>(
  means: (options: O, answered: (response: IncomingMessage) => void) => ClientRequest,
  question: Question,
  options: O,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = means(
      {
        host: question.address ?? '127.0.0.1',
        port: question.port,
        path: question.path ?? '/',
        method: question.method ?? 'GET',
        timeout: 30_000,
        headers: { ...(question.host ? { Host: question.host } : {}), ...question.headers },
        ...options,
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const bytes = Buffer.concat(parts);
          resolve({ status: response.statusCode!, headers: response.headers, body: bytes.toString('utf8'), bytes });
        });
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('no answer within 30 s')));
    sent.on('error', reject);
    sent.end(question.body);
  });
}

/** Tries until it succeeds; the last error is the test's failure. */
export async function eventually<T>(attempt: () => T | Promise<T>, seconds = 60): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

/** A browser's part in a form that Django protects: cookies and the token. */
export class Session {
  private cookies = new Map<string, string>();

  constructor(
    private readonly port: number,
    private readonly host: string,
    private readonly address?: string,
  ) {}

  public async get(path: string): Promise<Answer> {
    return this.send({ path });
  }

  /** The same browser, when the site is at another port. */
  public at(port: number, host: string): Session {
    const session = new Session(port, host);
    session.cookies = new Map(this.cookies);
    return session;
  }

  /** Fetches a page with a form and posts it. */
  public async post(path: string, fields: Record<string, string>, formPath = path): Promise<Answer> {
    const token = await this.token(formPath);
    return this.send({
      path,
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: `http://${this.host}` },
      body: new URLSearchParams({ ...fields, csrfmiddlewaretoken: token }).toString(),
    });
  }

  /** Posts a file as a browser does. */
  public async upload(
    path: string,
    field: string,
    filename: string,
    content: string,
    fields: Record<string, string> = {},
    formPath = path,
  ): Promise<Answer> {
    const token = await this.token(formPath);
    const boundary = '----cdktf-django-e2e';
    const part = (head: string, body: string) => `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n${body}\r\n`;
    const texts = Object.entries({ ...fields, csrfmiddlewaretoken: token }).map(([name, value]) => part(`name="${name}"`, value));
    const file = `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="${filename}"\r\nContent-Type: text/plain\r\n\r\n${content}\r\n`;
    return this.send({
      path,
      method: 'POST',
      headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}`, Origin: `http://${this.host}` },
      body: `${texts.join('')}${file}--${boundary}--\r\n`,
    });
  }

  private async token(path: string): Promise<string> {
    const page = await this.get(path);
    const match = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(page.body);
    if (!match) throw new Error(`no CSRF token on ${path} (${page.status}): ${page.body.slice(0, 500)}`);
    return match[1];
  }

  private async send(question: Omit<Question, 'port' | 'address' | 'host'>): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await ask({
      ...question,
      address: this.address,
      port: this.port,
      host: this.host,
      headers: { ...question.headers, ...(cookie ? { Cookie: cookie } : {}) },
    });
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
      const [name, value] = line.split(';')[0].split('=');
      this.cookies.set(name, value);
    }
    return answer;
  }
}

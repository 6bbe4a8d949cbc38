import { Answer, ask } from './http';

/** A cookie as a browser keeps it. */
export interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  /** The attributes in lower case, with their values. */
  readonly attributes: ReadonlyMap<string, string>;
}

/** A browser on one host: cookies go where their path says, and nowhere else. */
export class Browser {
  private jar: Cookie[] = [];

  constructor(
    private readonly port: number,
    private readonly host: string,
  ) {}

  public get(path: string): Promise<Answer> {
    return this.send(path, 'GET');
  }

  /** Fetches a page with a form, and posts the fields to a path. */
  public async post(path: string, fields: Record<string, string>, formPath = path): Promise<Answer> {
    const page = await this.get(formPath);
    const token = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(page.body)?.[1];
    if (!token) throw new Error(`no CSRF token on ${formPath} (${page.status}): ${page.body.slice(0, 500)}`);
    return this.send(path, 'POST', new URLSearchParams({ ...fields, csrfmiddlewaretoken: token }).toString());
  }

  /** All cookies of a name. */
  public cookies(name: string): Cookie[] {
    return this.jar.filter((cookie) => cookie.name === name);
  }

  private async send(path: string, method: string, body?: string): Promise<Answer> {
    const cookies = this.jar.filter((cookie) => belongs(path.replace(/\?.*/, ''), cookie.path));
    const answer = await ask({
      port: this.port,
      host: `${this.host}:${this.port}`,
      path,
      method,
      body,
      headers: {
        ...(cookies.length > 0 ? { Cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') } : {}),
        ...(body === undefined ? {} : { 'Content-Type': 'application/x-www-form-urlencoded', Origin: `http://${this.host}:${this.port}` }),
      },
    });
    for (const line of answer.headers['set-cookie'] ?? []) this.keep(line);
    return answer;
  }

  private keep(line: string): void {
    const [pair, ...rest] = line.split(';').map((part) => part.trim());
    const [name, value] = cut(pair);
    const attributes = new Map(rest.map(cut).map(([key, content]) => [key.toLowerCase(), content]));
    const path = attributes.get('path') ?? '/';
    this.jar = this.jar.filter((cookie) => cookie.name !== name || cookie.path !== path);
    if (attributes.get('max-age') !== '0') this.jar.push({ name, value, path, attributes });
  }
}

function cut(pair: string): [string, string] {
  const equals = pair.indexOf('=');
  return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
}

/** Whether a cookie of a path is sent with a request (RFC 6265, 5.1.4). */
function belongs(requested: string, path: string): boolean {
  return requested === path || requested.startsWith(path.endsWith('/') ? path : `${path}/`);
}

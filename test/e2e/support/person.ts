import { mkdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Browser, BrowserContext, chromium, Page } from 'playwright-core';

const SCREENSHOTS = join(__dirname, '..', '..', '..', 'docs', 'screenshots');
const MOST_BYTES = 150_000;

/** What Chromium says of all its connections when an interface of this machine comes or goes: those of other containers do. */
const ELSEWHERE = 'net::ERR_NETWORK_CHANGED';

/** A person in Chromium on one site, and what goes wrong in their browser meanwhile. */
export class Person {
  /** Errors in the console, exceptions, and requests to the site that failed or were answered with an error. */
  public readonly troubles: string[] = [];
  /** The hosts of others that pages asked for something. Nothing leaves the test: they are answered with nothing. */
  public readonly strangers = new Set<string>();

  private constructor(
    private readonly browser: Browser,
    private readonly context: BrowserContext,
    public readonly page: Page,
  ) {
    page.on('console', (message) => {
      const ofStrangers = [...this.strangers].some((host) => message.text().includes(host));
      if (message.type() === 'error' && !ofStrangers) this.troubles.push(`console: ${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => this.troubles.push(`exception: ${error.message}`));
    page.on('response', (response) => {
      if (response.status() >= 400) this.troubles.push(`${response.status()} ${response.request().method()} ${response.url()}`);
    });
    page.on('requestfailed', (request) => {
      // What a page asked for and no longer wants when the person goes on.
      if (request.failure()?.errorText !== 'net::ERR_ABORTED') this.troubles.push(`${request.failure()?.errorText} ${request.url()}`);
    });
  }

  /** @param site where it is, such as `http://site.localhost:8080` */
  public static async at(site: string): Promise<Person> {
    const executablePath = process.env.CDKTF_DJANGO_CHROMIUM;
    if (!executablePath) throw new Error('run these tests by: npm run e2e:browser');
    // Chromium's own sandbox does not start as root; it shows nothing but what this test has deployed.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const browser = await chromium.launch({ executablePath, args });
    const context = await browser.newContext({ baseURL: site, viewport: { width: 1000, height: 700 }, locale: 'en-US', reducedMotion: 'reduce' });
    context.setDefaultTimeout(30_000);
    const person = new Person(browser, context, await context.newPage());
    await context.route(
      (url) => url.origin !== site,
      async (route) => {
        const { protocol, host } = new URL(route.request().url());
        if (protocol === 'data:' || protocol === 'blob:') return route.continue();
        person.strangers.add(host);
        return route.fulfill({ status: 204, headers: { 'Access-Control-Allow-Origin': '*' } });
      },
    );
    return person;
  }

  /** Goes to a page, and waits until it has all that it asks for. */
  public async open(path: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const before = this.troubles.length;
      const failure = await this.page.goto(path, { waitUntil: 'networkidle' }).then(
        () => '',
        (error: Error) => error.message,
      );
      const disturbed = [failure, ...this.troubles.slice(before)].some((trouble) => trouble.includes(ELSEWHERE));
      if (!disturbed || attempt === 5) {
        if (failure) throw new Error(failure);
        return;
      }
      this.troubles.splice(before);
    }
  }

  /** Takes a picture of what the person sees. `CDKTF_DJANGO_SCREENSHOTS=new` puts it into the documentation. */
  public async picture(name: string): Promise<void> {
    const folder = process.env.CDKTF_DJANGO_SCREENSHOTS === 'new' ? SCREENSHOTS : join(tmpdir(), 'cdktf-django-screenshots');
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${name}.png`);
    await this.page.screenshot({ path, animations: 'disabled' });
    const { size } = statSync(path);
    if (size > MOST_BYTES) throw new Error(`the picture ${name} has ${size} bytes, ${MOST_BYTES} at the most`);
  }

  /** Ends the browser. */
  public async leave(): Promise<void> {
    await this.context.close();
    await this.browser.close();
  }
}

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { IConstruct } from 'constructs';
import { reject, shown } from '../core/errors';
import { runtimeFile } from '../image/default-images';

/** A page larger than this would be a burden for Terraform's state. */
const LARGEST = 128 * 1024;

const SHIPPED = {
  unavailable: {
    title: 'Back in a moment',
    text: 'This page cannot be served right now. It is being looked after; please try again in a few seconds.',
  },
  tooManyRequests: {
    title: 'Too many requests',
    text: 'More was asked for from your address than this site allows at once. Please wait a few seconds and try again.',
  },
  maintenance: {
    title: 'Down for maintenance',
    text: 'This site is being worked on, and will be back soon. Nothing that you saved is lost.',
  },
};

/** A page that the proxy shows by itself: one HTML document with everything in it, since nothing else can be relied on when it is shown. */
export class ErrorPage {
  /**
   * A page from a file.
   *
   * @param path relative to the folder of `cdktf.json`, or absolute
   *
   * @example
   * ErrorPage.fromFile('pages/maintenance.html');
   */
  public static fromFile(path: string): ErrorPage {
    return new ErrorPage((scope) => {
      try {
        return readFileSync(resolve(path), 'utf8');
      } catch (error) {
        return reject(
          scope,
          `the page ${shown(path)} cannot be read (looked for ${resolve(path)}: ${(error as NodeJS.ErrnoException).code}); paths are relative to the folder of cdktf.json`,
        );
      }
    });
  }

  /**
   * A page from a text.
   *
   * @example
   * ErrorPage.fromHtml('<!doctype html><title>Closed</title><h1>We are moving. Back on Monday.</h1>');
   */
  public static fromHtml(html: string): ErrorPage {
    return new ErrorPage(() => html);
  }

  /** The page of this library for one of its purposes. @internal */
  public static _shipped(purpose: keyof typeof SHIPPED): ErrorPage {
    const { title, text } = SHIPPED[purpose];
    return new ErrorPage(() => runtimeFile('nginx/page.html').replaceAll('TITLE', title).replace('TEXT', text));
  }

  private constructor(private readonly read: (scope: IConstruct) => string) {}

  /** The text, or an error. @internal */
  public _html(scope: IConstruct): string {
    const html = this.read(scope);
    if (typeof html !== 'string' || html.trim() === '') reject(scope, 'a page must not be empty; leave it out for the one of this library');
    const size = Buffer.byteLength(html);
    if (size > LARGEST) reject(scope, `a page must be at most ${LARGEST / 1024} KiB, got ${Math.ceil(size / 1024)} KiB; make its pictures smaller`);
    return html;
  }
}

import { Construct } from 'constructs';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ErrorPage } from '../../lib';
import { newStack } from '../support/synth';

function scope(): Construct {
  return new Construct(newStack(), 'Proxy');
}

test('a page is a text, or a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cdktf-django-page-'));
  try {
    writeFileSync(join(folder, 'page.html'), '<p>file</p>');
    expect(ErrorPage.fromFile(join(folder, 'page.html'))._html(scope())).toBe('<p>file</p>');
    expect(ErrorPage.fromHtml('<p>text</p>')._html(scope())).toBe('<p>text</p>');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each<[ErrorPage, RegExp]>([
  [ErrorPage.fromFile('/nowhere.html'), /^shop\/Proxy: the page "\/nowhere.html" cannot be read \(looked for \/nowhere.html: ENOENT\); paths are/],
  [ErrorPage.fromHtml(' \n'), /^shop\/Proxy: a page must not be empty; leave it out for the one of this library$/],
  [ErrorPage.fromHtml('x'.repeat(200_000)), /^shop\/Proxy: a page must be at most 128 KiB, got 196 KiB; make its pictures smaller$/],
])('page %#', (page, message) => {
  expect(() => page._html(scope())).toThrow(message);
});

test.each(['unavailable', 'maintenance'] as const)('the page of this library for %s is whole, and says its own', (purpose) => {
  const html = ErrorPage._shipped(purpose)._html(scope());
  const title = { unavailable: 'Back in a moment', maintenance: 'Down for maintenance' }[purpose];
  expect(html).toContain(`<title>${title}</title>`);
  expect(html).toContain(`<h1>${title}</h1>`);
  expect(html).not.toMatch(/TITLE|TEXT|(src|href)=/);
});

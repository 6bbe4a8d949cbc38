import { ConfigNode, directive } from './directive';

/** Types that are text inside; `text/html` always is one for nginx. */
const TYPES = [
  'text/plain',
  'text/css',
  'text/csv',
  'text/javascript',
  'text/xml',
  'application/javascript',
  'application/json',
  'application/ld+json',
  'application/manifest+json',
  'application/rss+xml',
  'application/wasm',
  'application/xml',
  'image/svg+xml',
  'font/otf',
  'font/ttf',
];

export function compression(enabled: boolean): ConfigNode[] {
  if (!enabled) return [directive('gzip', 'off')];
  return [
    directive('gzip', 'on'),
    directive('gzip_comp_level', 4),
    // Below that a packet is saved by nothing, and small answers are what an app is measured by.
    directive('gzip_min_length', 1024),
    directive('gzip_proxied', 'any'),
    directive('gzip_vary', 'on'),
    directive('gzip_types', ...TYPES),
  ];
}

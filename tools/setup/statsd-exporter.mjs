/** statsd_exporter, for the stand-in of its image: built as a Go tool, once. Debian has not got it. */

import fs from 'node:fs';
import { cachePath, withLock } from './cache.mjs';
import { buildGoTool } from './go.mjs';
import { pins } from './pins.mjs';

/** @returns {Promise<string>} the path of its program, which needs no library and runs in any container of this machine's kind */
export async function ensureStatsdExporter() {
  const version = /:(v[\d.]+)$/.exec(pins().statsdExporter)[1];
  const built = cachePath('bin', `statsd-exporter-${version.slice(1)}`);
  await withLock('statsd-exporter', async () => {
    if (fs.existsSync(built)) return;
    const pkg = 'github.com/prometheus/statsd_exporter';
    await buildGoTool({ part: 'statsd-exporter', what: `statsd_exporter ${version.slice(1)}`, pkg, requires: [`${pkg} ${version}`], to: built });
  });
  return built;
}

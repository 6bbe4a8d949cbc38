/**
 * node tools/complete-lock.mjs package-lock.json
 *
 * For whoever changes a dependency behind a registry that lacks the packages of other platforms: npm then leaves those out of
 * package-lock.json, and `npm ci` refuses the file, here and everywhere. This adds them, at the exact versions that their
 * parents name; npm fetches none of them where they do not fit.
 */

import fs from 'node:fs';
const file = process.argv[2];
const lock = JSON.parse(fs.readFileSync(file, 'utf8'));
const p = lock.packages;
let n = 0;
for (const [key, pkg] of Object.entries({ ...p })) {
  for (const [name, range] of Object.entries(pkg.optionalDependencies ?? {})) {
    if (!/^\d/.test(range)) continue;
    if (p[`node_modules/${name}`] || p[`${key}/node_modules/${name}`]) continue;
    const tail = name.replace(/^.*\/(core|resolver-binding)-/, '');
    const [os, cpu, abi] = tail.split('-');
    if (/wasm/.test(tail)) continue;
    p[`node_modules/${name}`] = {
      version: range,
      cpu: [{ gnueabihf: 'arm' }[abi] ?? cpu],
      dev: true,
      license: p[key].license,
      ...(os === 'linux' && /^(gnu|musl)$/.test(abi) ? { libc: [abi === 'gnu' ? 'glibc' : 'musl'] } : {}),
      optional: true,
      os: [os],
      ...(p[key].engines && name.startsWith('@swc') ? { engines: p[key].engines } : {}),
    };
    n++;
  }
}
lock.packages = Object.fromEntries(Object.entries(p).sort(([a], [b]) => a.localeCompare(b, 'en')));
fs.writeFileSync(file, JSON.stringify(lock, null, 2) + '\n');
console.log('added', n);

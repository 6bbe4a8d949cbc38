/** Certificate authorities that this machine trusts beyond the usual ones (a company's own, say). */

import { createHash, X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const BUNDLES = ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'PIP_CERT'];
const OWN = '/usr/local/share/ca-certificates';
const USUAL = '/usr/share/ca-certificates';

function filesUnder(dir) {
  if (!fs.existsSync(dir)) return [];
  return fs
    .readdirSync(dir, { recursive: true })
    .map((name) => path.join(dir, name))
    .filter((file) => file.endsWith('.crt'));
}

/** Certificates of PEM files, by fingerprint. What is no certificate is passed over. */
function certificates(files) {
  const found = new Map();
  for (const file of new Set(files)) {
    let text = '';
    try {
      text = fs.readFileSync(file, 'utf8');
    } catch {
      continue;
    }
    for (const [pem] of text.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)) {
      try {
        found.set(new X509Certificate(pem).fingerprint256, `${pem}\n`);
      } catch {
        // not a certificate that Node can read
      }
    }
  }
  return found;
}

/** @returns {Map<string, string>} file name to PEM, one certificate a file, in a stable order */
export function hostAuthorities() {
  const usual = certificates(filesUnder(USUAL));
  const bundles = BUNDLES.map((name) => process.env[name]).filter(Boolean);
  const extra = [...certificates([...filesUnder(OWN), ...bundles])].filter(([print]) => !usual.has(print));
  return new Map(
    extra
      .map(([print, pem]) => [`host-${createHash('sha256').update(print).digest('hex').slice(0, 16)}.crt`, pem])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

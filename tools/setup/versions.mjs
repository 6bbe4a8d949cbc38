/** What the set-up builds when it is not there. Exact, so that two machines get the same. */

/** kreuzwerker/docker: the release, and the commit to build where the Terraform registry does not answer. */
export const PROVIDER = { version: '4.6.0', commit: 'v0.0.0-20260916201441-96d331c98ff4' };

/** OpenTofu, built where neither Terraform nor OpenTofu is there, with the fork of hcl that its go.mod asks for. */
export const TOFU = { version: '1.12.6', hcl: 'v2.20.2-0.20251021132045-587d123c2828' };

/** Pebble, the ACME server of the ACME project's tests. */
export const PEBBLE = { version: '2.10.1' };

/** Versity's S3 gateway, the server of S3 of the tests. */
export const VERSITYGW = { version: '1.8.0' };

/** The registry of the Distribution project, which the nodes of a Swarm pull from in the tests. */
export const REGISTRY = { version: '3.0.0' };

/** The oldest Go that builds these. */
export const GO = [1, 25];

/** The Debian suite of the stand-in images. */
export const SUITE = 'forky';

/** Compares dotted versions: negative when `a` is older than `b`. */
export function compare(a, b) {
  const [x, y] = [a, b].map((version) => version.split('.').map((part) => Number.parseInt(part, 10) || 0));
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    if ((x[i] ?? 0) !== (y[i] ?? 0)) return (x[i] ?? 0) - (y[i] ?? 0);
  }
  return 0;
}

import { Construct } from 'constructs';
import { reject } from '../core/errors';
import { kebab, shortHash } from '../core/text';
import { Endpoint } from '../workload/endpoint';
import { Files } from '../workload/files';
import { Balancing } from './balancing';
import { ConfigNode, renderConfig } from './config/directive';
import { appLocation, AppLocation, fileLocation, FileLocation } from './config/location-config';
import { hostCertificate } from './config/tls-config';
import { serverConfig } from './config/server-config';
import { upstreamConfig, upstreamServers } from './config/upstream-config';
import { ErrorPage } from './error-page';
import { PROXY_OWNER } from './proxy-layout';
import { hostKey, pathKey } from './route-checks';

/** In a snippet: locations cannot stand in one with a name, and a body that is passed on while it comes cannot be passed on twice. */
const ONCE_ONLY = /\b(location|proxy_request_buffering)\b/;

/**
 * The configuration that a stack asks the proxy to take over, as fragments in files. README.md in runtime/nginx tells how the supervisor
 * composes them.
 */
export class Candidate {
  private readonly hosts = new Set<string>();
  private readonly locations = new Map<string, string>();
  private readonly upstreams = new Map<string, string>();
  private readonly certificates = new Set<string>();
  private readonly certificateNames = new Set<string>();

  constructor(
    private readonly scope: Construct,
    private readonly files: Files,
    private readonly owner: string,
    private readonly keepalive: number,
    /** Takes the servers of a group: its name, and the lines of its file. */
    private readonly addServers: (text: string) => void,
  ) {}

  /** Adds a group of servers, once for each owner, purpose and way of balancing. Returns its name. */
  public addUpstream(
    owner: Construct | { readonly node: { readonly path: string } },
    purpose: string,
    servers: readonly Endpoint[],
    balancing: Balancing,
  ): string {
    const identity = [owner.node.path, purpose, balancing === Balancing.ROUND_ROBIN ? '' : balancing].filter((part) => part !== '').join('/');
    // Two stacks of one id in two namespaces may meet at one proxy. The name of a construct has no dot in it.
    const name = (this.owner === PROXY_OWNER ? '' : `${this.owner}.`) + upstreamName(identity);
    const addresses = servers.map((server) => `${server.host}:${server.port}`).join(' ');
    const known = this.upstreams.get(name);
    if (known === undefined) {
      this.upstreams.set(name, addresses);
      this.addConfig(`upstreams/${name}.conf`, () => upstreamConfig(this.owner, name, balancing, this.keepalive));
      // Not among the files: names of servers change with each release, and files that do are brought into a new volume.
      this.addServers(`${name}\n${renderConfig(upstreamServers(servers))}`);
    } else if (known !== addresses) {
      reject(this.scope, `${owner.node.path} names other servers for one route than for another; a target has the same ones for all of its routes`);
    }
    return name;
  }

  /** Adds a location that is passed to an app. */
  public addApp(location: Omit<AppLocation, 'snippetFile' | 'repeatable'>, snippet: string | undefined): void {
    const file = this.claim(location.host, location.path, 'path');
    const snippetFile = snippet === undefined ? undefined : `owners/${this.owner}/${file}.snippet`;
    this.addConfig(`${file}.conf`, () => appLocation({ ...location, snippetFile, repeatable: !ONCE_ONLY.test(snippet ?? '') }));
    if (snippet !== undefined) this.files._addLateFile(`${file}.snippet`, () => snippet);
  }

  /** Adds a location that is served by a file server. */
  public addFiles(location: FileLocation): void {
    const file = this.claim(location.host, location.urlPrefix, 'the file prefix');
    this.addConfig(`${file}.conf`, () => fileLocation(location));
  }

  /** Adds a page that nginx shows by itself. Returns where it lies among the owner's files. */
  public addPage(name: string, page: ErrorPage): string {
    const file = `pages/${name}.html`;
    this.files.addFile(file, page._html(this.scope));
    return file;
  }

  /** Serves a host with a certificate of this owner's. */
  public addCertificate(host: string, name: string): void {
    if (this.certificates.has(host)) return;
    this.certificates.add(host);
    this.nameCertificate(name);
    this.addConfig(`servers/${hostKey(host)}/certificate.conf`, () => hostCertificate(host, this.owner, name));
  }

  /** Says that a certificate of this owner's is in use. */
  public nameCertificate(name: string): void {
    if (this.certificateNames.has(name)) return;
    this.certificateNames.add(name);
    this.files.addFile(`certificates/${name}`, '# in use\n');
  }

  private claim(host: string, path: string, what: string): string {
    const key = `${host} ${path}`;
    const taken = this.locations.get(key);
    if (taken !== undefined)
      reject(
        this.scope,
        `host ${host} has two routes for ${what} ${path}; a host and path lead to one target: give one of them another host or path`,
      );
    this.locations.set(key, what);
    const folder = `servers/${hostKey(host)}`;
    if (!this.hosts.has(host)) {
      this.hosts.add(host);
      this.addConfig(`${folder}/server.conf`, () => serverConfig(host, hostKey(host)));
    }
    return `${folder}/locations/${pathKey(path)}`;
  }

  /** Adds a file of configuration. */
  public addConfig(path: string, nodes: () => ConfigNode[]): void {
    this.files._addLateFile(path, () => renderConfig(nodes()));
  }
}

/** A name that holds for ever, so that a reload finds the addresses that it knows. */
function upstreamName(identity: string): string {
  const readable = kebab(identity);
  return readable.length > 80 ? `${readable.slice(0, 71)}-${shortHash(identity, 8)}` : readable;
}

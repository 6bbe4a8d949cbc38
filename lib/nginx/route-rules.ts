import { Token } from 'cdktf';
import { Construct } from 'constructs';
import { reject, shown } from '../core/errors';
import { ClientLimits, LimitValues } from './client-limits';
import { allowedOnly, denied } from './config/access-config';
import { ConfigNode } from './config/directive';
import { policyHeader, policyKey, policyMap } from './config/headers-config';
import { limitedFiles, limitedRequests, limitsOf, limitZones, PROXY_LIMITS } from './config/limits-config';
import { HTTP_FOLDER, includedRule, ProxyRule, ruleFile } from './config/rules-config';
import { checkedNetworks, checkedSomeNetworks } from '../core/networks';
import { ProxyRouteOptions } from './proxy-route';

/** Who may ask for a route, and how much; and what its answers carry. */
export interface LocationRules {
  /** In the location of the app. */
  readonly app: readonly ConfigNode[];
  /** In the locations of its files. */
  readonly files: readonly ConfigNode[];
}

/** Adds a file to those that a stack hands in. */
export type AddConfig = (path: string, nodes: () => ConfigNode[]) => void;

/** The rules of a stack's routes. What a route does not say, the proxy does; for routes of other stacks, from the files of the proxy's own. */
export class RouteRules {
  private readonly limits: LimitValues | undefined;
  private readonly allowed: string[] | undefined;
  private readonly denied: string[];
  private readonly exempt: string[] = [];
  private readonly policies = new Set<string>();

  constructor(
    private readonly scope: Construct,
    private readonly addConfig: AddConfig,
    private readonly defaults: ProxyRouteOptions,
    /** Whether these are the routes of the proxy's own stack. */
    private readonly own: boolean,
  ) {
    this.limits = ClientLimits._values(scope, defaults.limits);
    this.allowed = this.checkedAllowed(defaults);
    this.denied = this.checkedDenied(defaults);
    this.checkedPolicy(defaults);
    if (own) this.addProxyRules();
  }

  /** Networks that no limit holds for, of the proxy or of a route. */
  public addExempt(network: string): void {
    checkedNetworks(this.scope, 'network', [network]);
    if (!this.exempt.includes(network)) this.exempt.push(network);
  }

  /** In the http block of the whole proxy: what its own limits count by. */
  public proxyZones(): ConfigNode[] {
    return this.limits ? limitZones(PROXY_LIMITS, this.withExempt(this.limits)) : [];
  }

  /** The rules of a route. */
  public of(route: ProxyRouteOptions, host: string, path: string): LocationRules {
    const access = this.access(route);
    const limited = this.limiting(route, limitsOf(host, path));
    return { app: [...access, ...limited.app, ...this.policy(route)], files: [...access, ...limited.files] };
  }

  private access(route: ProxyRouteOptions): ConfigNode[] {
    const refused = [...new Set([...(this.own ? [] : this.denied), ...this.checkedDenied(route)])];
    const allowed = this.checkedAllowed(route) ?? (this.own ? undefined : this.allowed);
    return [includedRule(ProxyRule.DENIED), ...denied(refused), ...(allowed ? allowedOnly(allowed) : [includedRule(ProxyRule.ALLOWED)])];
  }

  private limiting(route: ProxyRouteOptions, id: string): LocationRules {
    const limits = route.limits ?? (this.own ? undefined : this.defaults.limits);
    if (!limits) return { app: [includedRule(ProxyRule.LIMITS)], files: [includedRule(ProxyRule.FILE_LIMITS)] };
    const values = ClientLimits._values(this.scope, limits, this.limits);
    if (!values) return { app: [], files: [] };
    this.addConfig(`${HTTP_FOLDER}/limits-${id}.conf`, () => limitZones(id, this.withExempt(values)));
    return { app: limitedRequests(id, values), files: limitedFiles(id, values) };
  }

  private policy(route: ProxyRouteOptions): ConfigNode[] {
    const policy = this.checkedPolicy(route) ?? this.checkedPolicy(this.defaults);
    if (policy === undefined) return [];
    if (!this.policies.has(policy)) this.addConfig(`${HTTP_FOLDER}/${policyKey(policy)}.conf`, () => [policyMap(policy)]);
    this.policies.add(policy);
    return [policyHeader(policy)];
  }

  private addProxyRules(): void {
    const { limits, allowed } = this;
    const add = (rule: ProxyRule, nodes: ConfigNode[]) => this.addConfig(ruleFile(rule), () => nodes);
    if (this.denied.length > 0) add(ProxyRule.DENIED, denied(this.denied));
    if (allowed) add(ProxyRule.ALLOWED, allowedOnly(allowed));
    if (limits) {
      add(ProxyRule.LIMITS, limitedRequests(PROXY_LIMITS, limits));
      add(ProxyRule.FILE_LIMITS, limitedFiles(PROXY_LIMITS, limits));
    }
  }

  private withExempt(limits: LimitValues): LimitValues {
    return { ...limits, exemptNetworks: [...new Set([...limits.exemptNetworks, ...this.exempt])] };
  }

  private checkedAllowed({ allowedNetworks }: ProxyRouteOptions): string[] | undefined {
    if (allowedNetworks?.length === 0) reject(this.scope, 'allowedNetworks must not be empty: leave it out to allow everybody');
    return allowedNetworks && checkedNetworks(this.scope, 'allowedNetworks', allowedNetworks);
  }

  private checkedDenied({ deniedNetworks }: ProxyRouteOptions): string[] {
    return checkedSomeNetworks(this.scope, 'deniedNetworks', deniedNetworks ?? [], 'use allowedNetworks to name those who are left');
  }

  private checkedPolicy({ contentSecurityPolicy: policy }: ProxyRouteOptions): string | undefined {
    if (policy === undefined || Token.isUnresolved(policy)) return policy;
    const problem = policyProblem(policy);
    if (problem) reject(this.scope, `contentSecurityPolicy ${problem}, got ${shown(policy)}`);
    return policy;
  }
}

function policyProblem(policy: string): string | undefined {
  if (typeof policy !== 'string' || !/^[\x20-\x7e]+$/.test(policy) || /[$,"\\]/.test(policy) || policy.length > 3000)
    return 'must be printable ASCII of at most 3000 characters, without "$", ",", quotation marks and backslashes';
  const names = policy.split(';').map((part) => part.trim().split(' ')[0]);
  const wrong = names.find((name, index) => !/^[a-z][a-z-]*$/.test(name) && !(name === '' && index === names.length - 1));
  if (wrong !== undefined) return `must be directives such as "default-src 'self'; img-src *", separated by ";"`;
  if (/'nonce-/.test(policy)) return 'must not have a nonce, which would be the same one for everybody: let the app send the policy (Django 6 can)';
  return undefined;
}

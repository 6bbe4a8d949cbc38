import { Token } from 'cdktf';
import { SmtpSecurity } from '../../mail/smtp-security';
import { SmtpServer } from '../../mail/smtp-server';
import { NginxProxy } from '../../nginx/nginx-proxy';
import { Service } from '../../workload/service';
import { JudgingRule, ReadinessLevel } from '../readiness-rule';

/** Whether others than the host come to an address; one that only the deploy knows is not judged. */
const isOpen = (address: string) => !Token.isUnresolved(address) && !address.startsWith('127.');

/** What others than the host itself can reach. */
export const NETWORK_RULES: readonly JudgingRule[] = [
  {
    id: 'PlainHttp',
    level: ReadinessLevel.ERROR,
    sentence: 'The proxy answers other hosts in plain HTTP: whoever is on the way reads passwords and sessions.',
    remedy:
      'Give it tls, such as Tls.acme() or Tls.certificateFiles(); or let it listen at 127.0.0.1 behind what speaks HTTPS on this host, or suppress the rule where a load balancer in a private network does.',
    find: (construct) => {
      if (!(construct instanceof NginxProxy) || construct.scheme !== 'http' || !isOpen(construct.address)) return undefined;
      return `http://${construct.address}:${construct.httpPort}`;
    },
  },
  {
    id: 'PublishedPort',
    level: ReadinessLevel.ERROR,
    sentence: 'A service that is no proxy is open to other hosts.',
    remedy: 'Publish the port at 127.0.0.1, route to the service through an NginxProxy, or let its clients join its network.',
    find: (construct) => {
      if (!(construct instanceof Service) || construct.node.scope instanceof NginxProxy) return undefined;
      const open = construct.publishedPorts.filter(({ address }) => address !== undefined && isOpen(address));
      return open.length === 0 ? undefined : open.map(({ address, hostPort, protocol }) => `${address}:${hostPort}/${protocol ?? 'tcp'}`).join(', ');
    },
  },
  {
    id: 'PlainSmtp',
    level: ReadinessLevel.WARNING,
    sentence: 'Clients log in at the mail server in the clear: whoever is on the way reads mail and password.',
    remedy: 'Leave out security, or set SmtpSecurity.TLS; or suppress the rule where the server is in a network of your own.',
    find: (construct) =>
      construct instanceof SmtpServer && construct.security === SmtpSecurity.NONE && construct.user !== undefined
        ? `${construct.host}:${construct.port}`
        : undefined,
  },
];

import { PROXY_OWNER } from '../proxy-layout';
import { block, ConfigNode, directive } from './directive';
import { pagesLocation } from './error-config';

/** The server of one host. It is the same one whichever stack hands it in, and its locations may come from several. */
export function serverConfig(host: string, hostKey: string): ConfigNode[] {
  return [
    block(
      'server',
      [],
      [
        directive('include', `owners/${PROXY_OWNER}/listen.conf`),
        directive('server_name', host),
        // Patterns, since they may match nothing.
        directive('include', `owners/*/servers/${hostKey}/certificate*.conf`),
        directive('include', `owners/${PROXY_OWNER}/snippets/server/*.conf`),
        pagesLocation(),
        directive('include', `owners/*/servers/${hostKey}/locations/*.conf`),
      ],
    ),
  ];
}

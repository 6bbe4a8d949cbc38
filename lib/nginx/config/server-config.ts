import { HTTP_PORT, PROXY_OWNER } from '../proxy-layout';
import { block, ConfigNode, directive } from './directive';

/** The server of one host. Its locations may come from several owners. */
export function serverConfig(host: string, hostKey: string, snippet: boolean): ConfigNode[] {
  return [
    block(
      'server',
      [],
      [
        directive('listen', HTTP_PORT),
        directive('server_name', host),
        ...(snippet ? [directive('include', `owners/${PROXY_OWNER}/snippets/server.conf`)] : []),
        directive('include', `owners/*/servers/${hostKey}/locations/*.conf`),
      ],
    ),
  ];
}

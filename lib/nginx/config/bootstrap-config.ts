import { block, comment, ConfigNode, directive } from './directive';
import { localServer, PROXY_TEMPORARY_FOLDER, processSettings, REFUSAL_LOG, temporaryFolders, unknownHosts } from './process';

/** nginx.conf of a proxy that has no configuration yet: it is healthy, and answers nobody. */
export function bootstrapConfig(ipv6: boolean): ConfigNode[] {
  return [
    comment('Written by cdktf-django. In use until the first configuration is published.'),
    ...processSettings(1, 1024),
    directive('error_log', REFUSAL_LOG, 'emerg'),
    block(
      'http',
      [],
      [
        directive('access_log', 'off'),
        ...temporaryFolders(PROXY_TEMPORARY_FOLDER),
        unknownHosts(ipv6),
        localServer([block('location', ['=', '/generation'], [directive('return', 200, 'bootstrap')])]),
      ],
    ),
  ];
}

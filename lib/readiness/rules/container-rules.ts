import { Service } from '../../workload/service';
import { Workload } from '../../workload/workload';
import { JudgingRule, ReadinessLevel } from '../readiness-rule';

/** What a container may do and use. */
export const CONTAINER_RULES: readonly JudgingRule[] = [
  {
    id: 'RootUser',
    level: ReadinessLevel.WARNING,
    sentence: 'The program runs as root, or as whoever its image says, which is often root.',
    remedy: 'Set user to a numeric user and group, such as "10090:10090".',
    find: (construct) => {
      if (!(construct instanceof Workload) || (construct.user !== undefined && !/^0+:/.test(construct.user))) return undefined;
      return construct.user === undefined ? "the image's own user" : `user ${construct.user}`;
    },
  },
  {
    id: 'WritableRoot',
    level: ReadinessLevel.WARNING,
    sentence: 'The program can change its own files: who breaks into it can stay.',
    remedy: 'Leave out readOnlyRoot, and give what has to be written a volume or a tmpfs.',
    find: (construct) => (construct instanceof Workload && !construct.readOnlyRoot ? 'readOnlyRoot is false' : undefined),
  },
  {
    id: 'AddedCapabilities',
    level: ReadinessLevel.WARNING,
    sentence: 'The container has capabilities of root.',
    remedy: 'Leave out capabilities: a port above 1023 and files of the right owner need none.',
    find: (construct) => (construct instanceof Workload && construct.capabilities.length > 0 ? construct.capabilities.join(', ') : undefined),
  },
  {
    id: 'NoMemoryLimit',
    level: ReadinessLevel.WARNING,
    sentence: 'The service may use all memory of the host, and the engine then kills whom it finds, the database for one.',
    remedy: 'Set memory.',
    find: (construct) => (construct instanceof Service && construct.memory === undefined ? 'memory is not set' : undefined),
  },
  {
    id: 'NoHealthCheck',
    level: ReadinessLevel.WARNING,
    sentence: 'Nobody asks the service whether it works: a release goes on before it does.',
    remedy: 'Set healthCheck.',
    find: (construct) => (construct instanceof Service && construct.healthCheck === undefined ? 'healthCheck is not set' : undefined),
  },
];

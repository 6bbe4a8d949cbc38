import { Server, Shared, Topology } from './topology';

/** What a picture is drawn with: light, since the page around it may be dark, and in the one font without serifs that Graphviz knows the widths of. */
const INK = '#1f2937';
const MUTED = '#6b7280';
const SYSTEM = { fill: '#ffffff', line: '#0f766e' };
const GROUP = { fill: '#f0fdfa', line: '#99d5cd' };
const NETWORK = { fill: '#e0ecff', line: '#2563eb' };
const CLOSED = { fill: '#fee8e0', line: '#c2410c' };
const VOLUME = { fill: '#fef6d8', line: '#a16207' };
const FONT = 'Helvetica';

/** A topology in the language of Graphviz. */
export function graphOf(topology: Topology): string {
  const groups = new Map<string, Server[]>();
  for (const server of topology.servers) {
    const group = groupOf(server.path);
    groups.set(group, [...(groups.get(group) ?? []), server]);
  }
  const open = new Set([...groups].filter(([, servers]) => servers.some(({ ports }) => ports.length > 0)).map(([group]) => group));
  const published = topology.servers.filter(({ ports }) => ports.length > 0);
  return [
    `digraph ${quoted(topology.stack)} {`,
    `  graph [rankdir=LR, bgcolor=white, pad=0.3, nodesep=0.22, ranksep=0.38, fontname=${quoted(FONT)}, fontsize=12, fontcolor=${quoted(MUTED)}, labelloc=b, tooltip=${quoted(topology.stack)},`,
    `    label="Who shares a network may talk to each other. Dashed: reads and writes a volume; dotted: reads it."];`,
    `  node [shape=box, style="filled,rounded", fontname=${quoted(FONT)}, fontsize=14, fontcolor=${quoted(INK)}, margin="0.2,0.1", penwidth=1.4];`,
    `  edge [fontname=${quoted(FONT)}, fontsize=12, fontcolor=${quoted(MUTED)}, color=${quoted(MUTED)}, arrowsize=0.7, penwidth=1.4];`,
    ...(published.length > 0
      ? [`  visitors [label="visitors", shape=ellipse, fillcolor="#e5e7eb", color=${quoted(MUTED)}, tooltip="visitors"];`]
      : []),
    ...[...groups].flatMap(([group, servers]) => cluster(group, servers, topology)),
    ...topology.networks.map((network) => {
      const { fill, line } = network.internal ? CLOSED : NETWORK;
      const said = network.internal ? `${network.name}\nno way out` : `${network.name}\nnetwork`;
      return `  ${id('network', network.key)} [label=${quoted(said)}, shape=box, style="filled,rounded", fillcolor=${quoted(fill)}, color=${quoted(line)}, fontcolor=${quoted(line)}, tooltip=${quoted(network.name)}];`;
    }),
    ...topology.volumes.filter((volume) => ownerOf(volume, topology) === undefined).map((volume) => `  ${volumeNode(volume)}`),
    ...published.map((server) => {
      return `  visitors -> ${id('server', server.path)} [label=${quoted(` ${server.ports.map((port) => `:${port.split(':').at(-1)}`).join(', ')} `)}, color=${quoted(NETWORK.line)}];`;
    }),
    ...topology.servers.flatMap((server) => [
      ...server.networks.map((key) => {
        const network = topology.networks.find((one) => one.key === key)!;
        const colour = quoted(network.internal ? CLOSED.line : NETWORK.line);
        // Who has the door sends inward; who has another network is asked by its members.
        const own = groupOf(network.name) === groupOf(server.path);
        const outward = own === open.has(groupOf(network.name));
        const [from, to] = [id('server', server.path), id('network', key)];
        return outward ? `  ${from} -> ${to} [color=${colour}, dir=none];` : `  ${to} -> ${from} [color=${colour}];`;
      }),
      ...server.volumes.map(({ key, writes }) => {
        return `  ${id('server', server.path)} -> ${id('volume', key)} [color=${quoted(VOLUME.line)}, style=${writes ? 'dashed' : 'dotted'}, dir=none];`;
      }),
    ]),
    '}',
    '',
  ].join('\n');
}

function cluster(group: string, servers: readonly Server[], topology: Topology): string[] {
  const own = topology.volumes.filter((volume) => ownerOf(volume, topology) === group);
  const jobs = topology.jobs.filter((job) => groupOf(job) === group).map((job) => job.split('/').at(-1)!);
  const lines = [`<b>${escaped(group)}</b>`, ...(jobs.length > 0 ? [small(`in a deploy: ${escaped(jobs.join(', '))}`)] : [])];
  return [
    `  subgraph ${quoted(`cluster_${group}`)} {`,
    `    graph [label=<${leftAligned(lines)}>, labelloc=t, labeljust=l, fontsize=15, fontcolor=${quoted(INK)}, style="filled,rounded", fillcolor=${quoted(GROUP.fill)}, color=${quoted(GROUP.line)}, margin=12, tooltip=${quoted(group)}];`,
    ...servers.map((server) => `    ${serverNode(server)}`),
    ...own.map((volume) => `    ${volumeNode(volume)}`),
    '  }',
  ];
}

function serverNode(server: Server): string {
  const below = server.path.split('/').slice(1).join('/') || 'server';
  const lines = [
    `<b>${escaped(below)}</b>${server.replicas > 1 ? ` × ${server.replicas}` : ''}`,
    small(escaped(server.image ?? 'built from its project')),
    ...(server.memory === undefined ? [] : [small(`${server.memory} MiB`)]),
    ...(server.secrets.length > 0 ? [small(`secrets: ${escaped([...new Set(server.secrets)].join(', '))}`)] : []),
  ];
  return `${id('server', server.path)} [label=<${leftAligned(lines)}>, fillcolor=${quoted(SYSTEM.fill)}, color=${quoted(SYSTEM.line)}, tooltip=${quoted(server.path)}];`;
}

function volumeNode(volume: Shared): string {
  return `${id('volume', volume.key)} [label=${quoted(volume.name)}, shape=cylinder, style=filled, fontsize=12, fillcolor=${quoted(VOLUME.fill)}, color=${quoted(VOLUME.line)}, tooltip=${quoted(volume.name)}];`;
}

/** The first part of a path: what a person has put into the stack. */
function groupOf(path: string): string {
  return path.split('/')[0];
}

/** The group in which all are that mount a volume. */
function ownerOf(volume: Shared, { servers }: Topology): string | undefined {
  const users = servers.filter(({ volumes }) => volumes.some(({ key }) => key === volume.key)).map(({ path }) => groupOf(path));
  return new Set(users).size === 1 ? users[0] : undefined;
}

function small(html: string): string {
  return `<font point-size="11" color="${MUTED}">${html}</font>`;
}

function leftAligned(lines: readonly string[]): string {
  return lines.map((line) => `${line}<br align="left"/>`).join('');
}

function id(kind: string, name: string): string {
  return quoted(`${kind} ${name}`);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

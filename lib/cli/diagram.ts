import { writeFileSync } from 'node:fs';
import { parsedArguments } from './arguments';
import { Command } from './command';
import { synthesizedNames } from './completion-words';
import { synthesizedStack } from './synthesized-stack';
import { topologyOf } from './topology';
import { graphOf } from './topology-graph';
import { Trouble } from './trouble';

const HELP = `cdktf-django diagram [STACK] [options]

Draws a stack as cdktf has synthesized it: its systems and their servers, networks, volumes and secrets, and who may talk to whom. Nothing has to be deployed. The same stack
gives the same picture.

It is an SVG, drawn by Graphviz. That comes as a package of its own, which has to be installed: npm install --save-dev @viz-js/viz

  --file FILE      where the picture goes (default: standard output)
  --format FORMAT  svg, or dot: the text that Graphviz draws it from, for which nothing has to be installed (default: svg)
  --output FOLDER  where cdktf synthesizes to (default: cdktf.out)
  --help           print this
`;

const OPTIONS = {
  file: { type: 'string' },
  format: { type: 'string', default: 'svg' },
  output: { type: 'string', default: 'cdktf.out' },
  help: { type: 'boolean', default: false },
} as const;

const FORMATS = ['svg', 'dot'];

export const diagram: Command = {
  name: 'diagram',
  summary: 'a picture of a stack',
  help: HELP,
  run: async (args) => {
    const { values, positionals } = parsedArguments('diagram', args, OPTIONS);
    if (values.help) {
      process.stdout.write(HELP);
      return 0;
    }
    if (positionals.length > 1) throw new Trouble(`diagram takes one stack, got ${positionals.join(' ')}; see cdktf-django diagram --help`);
    if (!FORMATS.includes(values.format)) throw new Trouble(`--format must be ${FORMATS.join(' or ')}, got ${JSON.stringify(values.format)}`);
    const topology = topologyOf(synthesizedStack(values.output, positionals[0]));
    if (topology.servers.length === 0) throw new Trouble(`stack ${topology.stack} has no server of this library, so there is nothing to draw`);
    const graph = graphOf(topology);
    const drawn = values.format === 'dot' ? graph : await svgOf(graph);
    if (values.file === undefined) {
      process.stdout.write(drawn);
      return 0;
    }
    try {
      writeFileSync(values.file, drawn);
    } catch (error) {
      throw new Trouble(`${values.file} cannot be written: ${(error as Error).message}`);
    }
    return 0;
  },
  complete: (place) => {
    if (place.option === '--format') return FORMATS;
    return place.option === undefined ? synthesizedNames(place) : [];
  },
};

/** Draws a graph. The library takes 5 MB, so it is no dependency of those who deploy. */
async function svgOf(graph: string): Promise<string> {
  let library;
  try {
    library = await import('@viz-js/viz');
  } catch {
    throw new Trouble(
      'pictures are drawn by a package that is not installed: npm install --save-dev @viz-js/viz (or --format dot, for a Graphviz of your own)',
    );
  }
  const viz = await library.instance();
  const drawn = viz.renderString(graph, { format: 'svg', engine: 'dot' });
  // Without the comments that name the version, and with fonts of the same widths for those who have no Helvetica.
  return drawn.replace(/^<!--.*?-->\n/gms, '').replaceAll('"Helvetica,sans-Serif"', '"Helvetica,Arial,Liberation Sans,sans-serif"');
}

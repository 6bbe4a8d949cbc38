import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { App, TerraformStack } from 'cdktf';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerImage, GunicornApp, Network } from '../../lib';

// node --import tsx bench/synth/many-services.ts ROUNDS SIZE...
// Prints the milliseconds that it takes to build and synthesize a stack of each size, in each round.

const [rounds, ...sizes] = process.argv.slice(2).map(Number);

/** Apps on one network, from one image, as a company with very many small apps would have them. */
function synthesize(size: number): void {
  const outdir = mkdtempSync(join(tmpdir(), 'cdktf-django-bench-'));
  try {
    const app = new App({ outdir });
    const stack = new TerraformStack(app, 'many');
    new DockerProvider(stack, 'Docker');
    const network = new Network(stack, 'Network');
    const image = ContainerImage.fromRegistry('registry.example.com/app:1.0');
    for (let index = 0; index < size; index++) {
      const one = new GunicornApp(stack, `App-${index}`, { image, module: 'app:app', environment: { INDEX: String(index) } });
      one.service.joinNetwork(network);
    }
    app.synth();
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

function time(size: number): number {
  const since = performance.now();
  synthesize(size);
  return performance.now() - since;
}

// The first ones are slow everywhere, until the code is compiled.
for (let count = 0; count < 3; count++) synthesize(100);
const found: Record<number, number[]> = Object.fromEntries(sizes.map((size) => [size, []]));
for (let round = 0; round < rounds; round++) {
  for (const size of sizes) found[size].push(time(size));
}
process.stdout.write(JSON.stringify(found));

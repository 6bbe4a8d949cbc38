import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { App, LocalBackend, TerraformStack } from 'cdktf';
import { join } from 'node:path';
import { ContainerImage, DjangoService, DockerSwarm, NginxProxy, Platform, PostgresDb, PostgresVersion, SwarmNodes } from '../../lib';

// node --import tsx bench/plan/many-apps.ts FOLDER APPS
// Synthesizes a stack of so many Django apps with a database each, on a Swarm, and prints the milliseconds that it took and the number of its resources.

const [outdir, apps] = [process.argv[2], Number(process.argv[3])];

const since = performance.now();
const app = new App({ outdir });
const stack = new TerraformStack(app, 'many');
new LocalBackend(stack, { path: join(outdir, 'terraform.tfstate') });
new DockerProvider(stack, 'Docker');
Platform.use(stack, new DockerSwarm({ dataNode: 'node1', edgeNodes: SwarmNodes.all(), sharedFolder: '/mnt/shared' }));
const proxy = new NginxProxy(stack, 'Proxy');
const image = ContainerImage.fromRegistry('registry.example.com/app:1.0');
for (let index = 0; index < apps; index++) {
  const database = new PostgresDb(stack, `Db-${index}`, { version: PostgresVersion.V18 });
  const target = new DjangoService(stack, `App-${index}`, { image, project: 'shop', database, replicas: 2 });
  proxy.addRoute({ host: `app-${index}.example.com`, target });
}
app.synth();
process.stdout.write(String(performance.now() - since));

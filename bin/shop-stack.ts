import { TerraformOutput, TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import { join } from 'node:path';
import { ContainerImage, DjangoService, DockerEngine, GunicornApp, NginxProxy, Platform, PostgresDb, PostgresVersion, Size, Tls } from '../lib';

const examples = join(__dirname, '..', 'examples');

/** Where the example is to be reached, and where its images come from. */
export interface ShopStackProps {
  /** The port on that address. */
  readonly port: number;
  /** A port for HTTPS, with a certificate of the engine's own. @default - plain HTTP alone */
  readonly httpsPort?: number;
  /** The IPv4 address of the host. @default '127.0.0.1' */
  readonly address?: string;
  /** A mirror of Docker Hub. @default - Docker Hub itself */
  readonly imageMirror?: string;
  /** The version of Postgres. @default - the library's */
  readonly postgres?: PostgresVersion;
  /** The version that the database has, when it is to be upgraded. @default - none */
  readonly upgradeFrom?: PostgresVersion;
  /** The folder of the shop's project. @default - the example's */
  readonly project?: string;
  /** What runs it. @default - one engine */
  readonly platform?: Platform;
}

/** A Django shop with its database, and a small Flask app beside it, behind one proxy. */
export class ShopStack extends TerraformStack {
  constructor(scope: Construct, id: string, props: ShopStackProps) {
    super(scope, id);
    Platform.use(this, props.platform ?? new DockerEngine({ imageMirror: props.imageMirror }));

    const { postgres: version, upgradeFrom } = props;
    const db = new PostgresDb(this, 'Db', { databaseName: 'shop', version, upgradeFrom, memory: Size.gibibytes(1) });
    const shop = new DjangoService(this, 'Shop', {
      image: ContainerImage.fromDjangoProject(props.project ?? join(examples, 'shop')),
      project: 'shop',
      database: db,
      replicas: 2,
    });
    const hello = new GunicornApp(this, 'Hello', {
      image: ContainerImage.fromPythonProject(join(examples, 'hello')),
      module: 'app:app',
      replicas: 1,
    });

    const proxy = new NginxProxy(this, 'Proxy', {
      address: props.address ?? '127.0.0.1',
      httpPort: props.port,
      ...(props.httpsPort === undefined ? {} : { tls: Tls.selfSigned(), httpsPort: props.httpsPort }),
    });
    proxy.addRoute({ host: '127.0.0.1', target: shop });
    proxy.addRoute({ host: 'shop.localhost', target: shop });
    proxy.addRoute({ host: 'hello.localhost', target: hello });
    proxy.addRoute({ host: '127.0.0.1', path: '/hello/', target: hello });

    // What a person needs next; `cdktf deploy` prints them.
    new TerraformOutput(this, 'Urls', { value: proxy.routeUrls });
    new TerraformOutput(this, 'Logs', {
      value: [...proxy.service.containerNames, ...shop.app.service.containerNames, ...hello.service.containerNames].map(
        (name) => `docker logs ${name}`,
      ),
    });
    new TerraformOutput(this, 'Psql', { value: `docker exec -it ${db.server.containerNames[0]} ${db.administrationCommand.join(' ')}` });
  }
}

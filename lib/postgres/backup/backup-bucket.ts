import { Annotations } from 'cdktf';
import { Construct } from 'constructs';
import { ContainerImage } from '../../image/container-image';
import { Network } from '../../workload/network';
import { Secret, SecretKind } from '../../workload/secret';
import { SecretFile } from '../../workload/secret-file';
import { Workload } from '../../workload/workload';
import type { S3BackupTargetProps } from './backup-target';

/** Settings of a `BackupBucket`. */
export interface BackupBucketProps {
  readonly target: S3BackupTargetProps;
  /** The folder of the backups in the bucket, below the prefix. */
  readonly folderName: string;
  /** An image with a shell. */
  readonly image: ContainerImage;
}

/** The way to a bucket, and its keys. */
export class BackupBucket extends Construct {
  /** What the programs are told; described in runtime/backup/settings.py. */
  public readonly settings: { readonly [name: string]: string };
  private readonly network: Network;
  private readonly secrets: SecretFile[];

  constructor(scope: Construct, id: string, props: BackupBucketProps) {
    super(scope, id);
    const { target, image } = props;
    const file = (name: string, secretName: string, secret: Secret) => new SecretFile(this, name, { secret, secretName, image });
    const accessKeyId = file('AccessKeyId', 's3-access-key-id', target.accessKeyId);
    const secretAccessKey = file('SecretAccessKey', 's3-secret-access-key', target.secretAccessKey);
    const encryptionKey = file('EncryptionKey', 'backup-encryption-key', target.encryptionKey);
    this.secrets = [accessKeyId, secretAccessKey, encryptionKey];
    this.network = new Network(this, 'Egress');
    this.settings = {
      repository: `s3:${[target.endpoint, target.bucket, ...(target.prefix === undefined ? [] : [target.prefix]), props.folderName].join('/')}`,
      region: target.region ?? 'us-east-1',
      accessKeyIdFile: accessKeyId.path,
      secretAccessKeyFile: secretAccessKey.path,
      encryptionKeyFile: encryptionKey.path,
    };
    if (target.encryptionKey._kind === SecretKind.GENERATED) {
      Annotations.of(this).addWarning(
        'the key of the backups is made on the engine, and without it nobody can read them: after the deploy run "npx cdktf-django secrets export", and keep the file and its passphrase off the host',
      );
    }
  }

  /** Lets a workload read and write the bucket. */
  public addClient(workload: Workload): void {
    workload.joinNetwork(this.network);
    for (const secret of this.secrets) workload.addSecret(secret);
  }
}

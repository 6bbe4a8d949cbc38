import { IConstruct } from 'constructs';
import { DjangoService } from '../../django/django-service';
import { ScheduledCommand } from '../../django/scheduled-command';
import { GunicornApp } from '../../gunicorn/gunicorn-app';
import { ContainerImage } from '../../image/container-image';
import { defaultImages } from '../../image/default-images';
import { parseImageReference, problemOfReference } from '../../image/image-reference';
import { FileServer } from '../../nginx/file-server';
import { NginxProxy } from '../../nginx/nginx-proxy';
import { SharedProxy } from '../../nginx/shared-proxy';
import { PostgresDb } from '../../postgres/postgres-db';
import { PostgresPooler } from '../../postgres/postgres-pooler';
import { Workload } from '../../workload/workload';
import { JudgingRule, ReadinessLevel } from '../readiness-rule';

/** Constructs that are given one image for all that they are made of. */
const HOLDERS = [GunicornApp, NginxProxy, SharedProxy, FileServer, PostgresDb, PostgresPooler];
/** Constructs that make workloads of an image that another one was given. */
const BORROWERS = [DjangoService, ScheduledCommand];

const isOneOf = (construct: IConstruct, classes: readonly (abstract new (...args: never[]) => unknown)[]) =>
  classes.some((one) => construct instanceof one);

/** The image that this very construct was given, if it was given one. */
function givenImage(construct: IConstruct): ContainerImage | undefined {
  if (construct instanceof GunicornApp && construct._isBeside) return undefined;
  if (isOneOf(construct, HOLDERS)) return construct.node.findAll().find((one): one is Workload => one instanceof Workload)?.image;
  if (!(construct instanceof Workload)) return undefined;
  const isPart = construct.node.scopes.slice(0, -1).some((scope) => isOneOf(scope, [...HOLDERS, ...BORROWERS]));
  return isPart ? undefined : construct.image;
}

const { postgres, ...others } = defaultImages;
/** The library names full versions and moves them with its releases; a digest would be that of one platform and one registry. */
const OURS = new Set<string>([...Object.values(others), ...Object.values(postgres)]);

/** Where images come from. An image without a tag, or with the tag `latest`, is refused by its construct already. */
export const IMAGE_RULES: readonly JudgingRule[] = [
  {
    id: 'ImageWithoutDigest',
    level: ReadinessLevel.WARNING,
    sentence: 'The image has a tag and no digest: whoever can push to its registry can put another one in its place.',
    remedy: 'Add the digest to the reference, as in "registry.example.com/shop:1.4.2@sha256:..." (docker image inspect shows it as RepoDigests).',
    find: (construct) => {
      const reference = givenImage(construct)?.reference;
      if (reference === undefined || OURS.has(reference)) return undefined;
      return parseImageReference(reference)?.digest === undefined ? reference : undefined;
    },
  },
  {
    id: 'FloatingBaseImage',
    level: ReadinessLevel.WARNING,
    sentence: 'The Dockerfile stands on an image without a version, which is another one on another day.',
    remedy: 'Name a version or a digest in FROM.',
    find: (construct) => {
      const floating = (givenImage(construct)?._baseImages(construct) ?? []).filter((reference) => problemOfReference(reference) !== undefined);
      return floating.length === 0 ? undefined : floating.map((reference) => `FROM ${reference}`).join(', ');
    },
  },
];

import { TerraformStack } from 'cdktf';
import { IConstruct } from 'constructs';
import { DockerEngine } from './docker-engine/docker-engine';
import { Platform } from './platform';

/** The platform that a construct runs on: the nearest one that was set above it, else a plain `DockerEngine` for its stack. */
export function platformOf(scope: IConstruct): Platform {
  const found = Platform._find(scope);
  if (found) return found;
  return DockerEngine._defaultFor(TerraformStack.of(scope));
}

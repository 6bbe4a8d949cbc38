import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContainerImage, GunicornAppProps } from '../../../lib';

/** Writes a project of one file, whose greeting is in its environment as GREETING. */
export function writeGreeter(project: string, program: string): void {
  mkdirSync(project);
  writeFileSync(join(project, 'app.py'), program);
}

/** An app of that project. */
export function greeter(project: string, greeting: string): GunicornAppProps {
  return {
    image: ContainerImage.fromPythonProject(project, { withoutRequirements: true }),
    module: 'app:application',
    replicas: 1,
    workers: 2,
    environment: { GREETING: greeting },
  };
}

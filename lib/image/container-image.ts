import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, isAbsolute, normalize, resolve } from 'node:path';
import { IConstruct } from 'constructs';
import { reject, requireMatch, shown } from '../core/errors';
import { kebab } from '../core/text';
import { baseImages } from './base-images';
import { BuildContext, checkedPatterns } from './build-context';
import { ProjectKind, projectContext, PythonProjectOptions } from './python-project';
import { problemOfReference, throughMirror } from './image-reference';

/**
 * What a platform needs to have an image: a reference to pull, or a context to build.
 *
 * @internal
 */
export interface ImageSource {
  readonly reference?: string;
  readonly build?: ImageBuild;
}

/** @internal */
export interface ImageBuild {
  /** A word for the image, for its name on the engine. */
  readonly name: string;
  readonly context: BuildContext;
  readonly dockerfile: string;
  readonly buildArguments: { readonly [name: string]: string };
  readonly target?: string;
}

/** Settings of an image that is built from a folder. */
export interface DirectoryImageOptions {
  /**
   * The Dockerfile, relative to the folder.
   *
   * @default 'Dockerfile'
   */
  readonly dockerfile?: string;

  /**
   * Build arguments. Not for secrets: they are in the image's history.
   *
   * @default - none
   */
  readonly buildArguments?: { readonly [name: string]: string };

  /**
   * The stage of the Dockerfile that is the image.
   *
   * @default - the last one
   */
  readonly target?: string;

  /**
   * Paths that are not sent to the build, in the syntax of `.dockerignore`, added to those of that file.
   *
   * @default - none
   */
  readonly exclude?: string[];
}

/**
 * An image for containers: from a registry, or built when the stack is deployed.
 *
 * @example
 * ContainerImage.fromDjangoProject('../shop');
 */
export abstract class ContainerImage {
  /**
   * An image of a registry.
   *
   * @param reference with a tag other than `latest`, or a digest; a bare name is one of Docker Hub
   * @throws at the construct that uses it, when the reference has neither
   */
  public static fromRegistry(reference: string): ContainerImage {
    return new RegistryImage(reference);
  }

  /**
   * An image that is built from a folder with a Dockerfile, again when the folder's content changes, and only then. What
   * `.dockerignore` names does not count as content.
   *
   * @param directory absolute, or relative to the folder of cdktf.json
   * @throws at the construct that uses it, when the folder or the Dockerfile is missing
   */
  public static fromDirectory(directory: string, options: DirectoryImageOptions = {}): ContainerImage {
    return new DirectoryImage(directory, options);
  }

  /**
   * An image of a Django project that needs no Dockerfile: a small, cached, multi-stage and non-root one is written, from
   * `requirements.txt`, `uv.lock` or `pyproject.toml`. Gunicorn and psycopg are added where the project does not name them.
   * Version control, `.env` files, SQLite databases, Terraform state and uploads never enter the image.
   *
   * @param directory the folder with manage.py; absolute, or relative to the folder of cdktf.json
   * @throws at the construct that uses it, when the folder, manage.py or the requirements are missing
   */
  public static fromDjangoProject(directory: string, options: PythonProjectOptions = {}): ContainerImage {
    return new ProjectImage(ProjectKind.DJANGO, directory, options);
  }

  /**
   * The same for an app of any other WSGI framework, Flask for example: Gunicorn is added where the project does not name it.
   *
   * @param directory the folder with the requirements; absolute, or relative to the folder of cdktf.json
   * @throws at the construct that uses it, when the folder or the requirements are missing
   */
  public static fromPythonProject(directory: string, options: PythonProjectOptions = {}): ContainerImage {
    return new ProjectImage(ProjectKind.PYTHON, directory, options);
  }

  /** The reference that the image was given, for one of a registry. */
  public get reference(): string | undefined {
    return undefined;
  }

  /**
   * The images of registries that a Dockerfile of the user's stands on, as far as its FROM lines say so.
   *
   * @param _user the construct that uses the image, for error messages
   *
   * @internal
   */
  public _baseImages(_user: IConstruct): string[] {
    return [];
  }

  /**
   * @param user the construct that uses the image, for error messages
   * @param mirror where the images of Docker Hub are taken from instead
   *
   * @internal
   */
  public abstract _source(user: IConstruct, mirror?: string): ImageSource;
}

class RegistryImage extends ContainerImage {
  constructor(private readonly name: string) {
    super();
  }

  public override get reference(): string | undefined {
    return this.name;
  }

  public _source(user: IConstruct, mirror?: string): ImageSource {
    const problem = problemOfReference(this.name);
    if (problem) reject(user, `image ${problem}, got ${shown(this.name)}`);
    return { reference: throughMirror(this.name, mirror) };
  }
}

class DirectoryImage extends ContainerImage {
  private build?: ImageBuild;

  constructor(
    private readonly directory: string,
    private readonly options: DirectoryImageOptions,
  ) {
    super();
  }

  public _source(user: IConstruct): ImageSource {
    return { build: (this.build ??= this.makeBuild(user)) };
  }

  public override _baseImages(user: IConstruct): string[] {
    const directory = existingFolder(user, this.directory);
    return baseImages(readFileSync(resolve(directory, this.dockerfile), 'utf8'));
  }

  private get dockerfile(): string {
    return this.options.dockerfile ?? 'Dockerfile';
  }

  private makeBuild(user: IConstruct): ImageBuild {
    const directory = existingFolder(user, this.directory);
    const { dockerfile } = this;
    if (isAbsolute(dockerfile) || normalize(dockerfile).startsWith('..'))
      reject(user, `dockerfile must be a path below the image's folder, got ${shown(dockerfile)}`);
    if (!existsSync(resolve(directory, dockerfile))) {
      reject(
        user,
        `there is no ${shown(dockerfile)} in the image's folder ${shown(this.directory)}; name it with the option dockerfile, or use ContainerImage.fromDjangoProject() for a project without one`,
      );
    }
    for (const name of Object.keys(this.options.buildArguments ?? {})) {
      requireMatch(user, 'the name of a build argument', name, /^[A-Za-z_][A-Za-z0-9_]*$/, 'made of letters, digits and "_"');
    }
    return {
      name: imageName(directory),
      context: new BuildContext(directory, checkedPatterns(user, directory, this.options.exclude ?? []), new Map(), [normalize(dockerfile)]),
      dockerfile,
      buildArguments: this.options.buildArguments ?? {},
      target: this.options.target,
    };
  }
}

class ProjectImage extends ContainerImage {
  private build?: ImageBuild;

  constructor(
    private readonly kind: ProjectKind,
    private readonly directory: string,
    private readonly options: PythonProjectOptions,
  ) {
    super();
  }

  public _source(user: IConstruct, mirror?: string): ImageSource {
    this.build ??= this.makeBuild(user, mirror);
    return { build: this.build };
  }

  private makeBuild(user: IConstruct, mirror?: string): ImageBuild {
    const directory = existingFolder(user, this.directory);
    const context = projectContext(user, this.kind, directory, this.options, mirror);
    return { name: imageName(directory), context: context.context, dockerfile: context.dockerfile, buildArguments: {} };
  }
}

function existingFolder(user: IConstruct, directory: string): string {
  const absolute = resolve(directory);
  if (!existsSync(absolute) || !statSync(absolute).isDirectory()) {
    reject(user, `the image's folder ${shown(directory)} does not exist (looked for ${absolute}); paths are relative to the folder of cdktf.json`);
  }
  return absolute;
}

function imageName(directory: string): string {
  return kebab(basename(directory)) || 'image';
}

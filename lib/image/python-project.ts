import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { IConstruct } from 'constructs';
import { reject, requireMatch, shown } from '../core/errors';
import { BuildContext, checkedPatterns } from './build-context';
import { defaultImages } from './default-images';
import { problemOfReference, throughMirror } from './image-reference';
import { pinnedPackages } from './python-packages';

/** Settings of an image that is made of a Python project without a Dockerfile. */
export interface PythonProjectOptions {
  /**
   * The image that Python comes from, with a POSIX shell and `venv`: an official `python` image or one like it.
   *
   * @default - the official slim image in the version that this release of the library pins
   */
  readonly baseImage?: string;

  /**
   * The requirements, relative to the project's folder.
   *
   * @default - uv.lock, requirements.txt or pyproject.toml: the first one that exists
   */
  readonly requirements?: string;

  /**
   * Whether the project has no requirements, since it needs nothing but what is added: Gunicorn, and for Django projects Django and psycopg.
   *
   * @default false
   */
  readonly withoutRequirements?: boolean;

  /**
   * Debian packages that the project's libraries need when they run, such as `libmagic1`.
   *
   * @default - none
   */
  readonly systemPackages?: string[];

  /**
   * Debian packages that are needed to build the project's libraries, such as `gcc` and `libpq-dev`. They are not in the image.
   *
   * @default - none
   */
  readonly buildPackages?: string[];

  /**
   * Paths that do not enter the image, in the syntax of `.dockerignore`, added to those of that file and to our own.
   *
   * @default - none
   */
  readonly exclude?: string[];
}

/** What must not be in an image: secrets, data, state, and what is made anew. */
const NEVER = [
  '**/.git',
  '**/.hg',
  '**/.svn',
  '**/.env*',
  '**/*.sqlite',
  '**/*.sqlite3',
  '**/*.sqlite3-*',
  '**/*.tfstate',
  '**/*.tfstate.*',
  '**/*.tfvars',
  '**/*.tfvars.json',
  '**/.terraform',
  '**/cdktf.out',
  '**/node_modules',
  '**/.venv',
  'venv',
  '**/__pycache__',
  '**/*.pyc',
  '**/.pytest_cache',
  '**/.mypy_cache',
  '**/.ruff_cache',
  '**/.DS_Store',
  '.dockerignore',
];

const DOCKERFILE = 'Dockerfile.cdktf-django';

/** The user that the image's processes run as: numeric, and no account of the host's. */
export const IMAGE_USER = '10001:10001';

/** What sort of project an image is made of. */
export enum ProjectKind {
  DJANGO,
  PYTHON,
}

/** The files of a project and the Dockerfile that makes an image of them. */
export function projectContext(
  user: IConstruct,
  kind: ProjectKind,
  directory: string,
  options: PythonProjectOptions,
  mirror?: string,
): { context: BuildContext; dockerfile: string } {
  if (kind === ProjectKind.DJANGO && !existsSync(join(directory, 'manage.py'))) {
    reject(
      user,
      `there is no manage.py in ${directory}; name the folder that "django-admin startproject" made, or use ContainerImage.fromDirectory() with a Dockerfile of your own`,
    );
  }
  const baseImage = options.baseImage ?? defaultImages.python;
  const problem = problemOfReference(baseImage);
  if (problem) reject(user, `baseImage ${problem}, got ${shown(baseImage)}`);
  for (const name of [...(options.systemPackages ?? []), ...(options.buildPackages ?? [])]) {
    requireMatch(user, 'a Debian package', name, /^[a-z0-9][a-z0-9+.-]+$/, 'the name of a package such as "libmagic1"');
  }
  const requirements = findRequirements(user, kind, directory, options);
  const dockerfile = renderDockerfile(kind, throughMirror(baseImage, mirror), requirements, options);
  const media = existsSync(join(directory, 'media', '__init__.py')) ? [] : ['media'];
  return {
    context: new BuildContext(
      directory,
      [...NEVER, ...media, ...checkedPatterns(user, directory, options.exclude ?? [])],
      new Map([[DOCKERFILE, dockerfile]]),
    ),
    dockerfile: DOCKERFILE,
  };
}

/** How the requirements are installed, and what they name. */
interface Requirements {
  /** Files that the installation reads, relative to the project. */
  readonly files: string[];
  readonly commands: string[];
  /** The text in which packages are looked for. */
  readonly text: string;
}

function findRequirements(user: IConstruct, kind: ProjectKind, directory: string, options: PythonProjectOptions): Requirements {
  if (options.requirements !== undefined) {
    requireMatch(
      user,
      'requirements',
      options.requirements,
      /^[A-Za-z0-9_][A-Za-z0-9_./-]*$/,
      'a path below the project such as "requirements/production.txt"',
    );
    if (normalize(options.requirements).startsWith('..')) reject(user, `requirements must be below the project, got ${shown(options.requirements)}`);
    if (!existsSync(join(directory, options.requirements)))
      reject(user, `there is no ${shown(options.requirements)} in ${directory}; correct the option requirements`);
    if (options.requirements.endsWith('.txt')) return requirementsTxt(user, directory, options.requirements);
  }
  const named = options.requirements;
  if (named === undefined && options.withoutRequirements) {
    return kind === ProjectKind.DJANGO
      ? { files: [], commands: [`pip install ${pinnedPackages.django}`], text: 'django' }
      : { files: [], commands: [], text: '' };
  }
  if (named === 'uv.lock' || (named === undefined && existsSync(join(directory, 'uv.lock')))) {
    return {
      files: ['pyproject.toml', 'uv.lock'],
      commands: [
        `pip install --target /opt/uv ${pinnedPackages.uv}`,
        'PYTHONPATH=/opt/uv python -m uv export --frozen --no-dev --no-emit-project --output-file /tmp/requirements.txt --quiet',
        'pip install -r /tmp/requirements.txt',
      ],
      text: readFileSync(join(directory, 'uv.lock'), 'utf8'),
    };
  }
  if (named === undefined && existsSync(join(directory, 'requirements.txt'))) return requirementsTxt(user, directory, 'requirements.txt');
  if (named === 'pyproject.toml' || (named === undefined && existsSync(join(directory, 'pyproject.toml')))) {
    return {
      files: ['pyproject.toml'],
      commands: [
        `python -c "import tomllib; print('\\n'.join(tomllib.load(open('pyproject.toml', 'rb')).get('project', {}).get('dependencies', [])))" > /tmp/requirements.txt`,
        'pip install -r /tmp/requirements.txt',
      ],
      text: readFileSync(join(directory, 'pyproject.toml'), 'utf8'),
    };
  }
  if (named !== undefined) reject(user, `requirements must be a .txt file, uv.lock or pyproject.toml, got ${shown(named)}`);
  return reject(
    user,
    `there is no uv.lock, requirements.txt or pyproject.toml in ${directory}; add one, name it with the option requirements, or say withoutRequirements: true`,
  );
}

/** A requirements file with all files that it includes by `-r` and `-c`. */
function requirementsTxt(user: IConstruct, directory: string, path: string): Requirements {
  const files: string[] = [];
  const texts: string[] = [];
  const read = (file: string, installed: boolean) => {
    if (files.includes(file)) return;
    if (file.startsWith('..')) reject(user, `${path} includes ${shown(file)}, which is outside the project; move it below`);
    if (!existsSync(join(directory, file))) reject(user, `${path} includes ${shown(file)}, which does not exist`);
    files.push(file);
    const text = readFileSync(join(directory, file), 'utf8');
    // A constraint names what is not installed for its sake.
    if (installed) texts.push(text);
    for (const [, option, included] of text.matchAll(/^\s*(-r|-c|--requirement|--constraint)[ =]?\s*(\S+)/gm)) {
      read(normalize(join(dirname(file), included)), installed && /^-r|^--requirement/.test(option));
    }
  };
  read(normalize(path), true);
  return { files, commands: [`pip install -r ${path}`], text: texts.join('\n') };
}

/** Whether a text of requirements or a lock file names a package. */
function names(text: string, packages: string[]): boolean {
  const meant = text.replace(/(^|\s)#.*$/gm, '');
  return packages.some((name) => new RegExp(`(^|["'\\s])${name}\\s*($|[\\["'=<>~!;@\\s])`, 'im').test(meant));
}

function renderDockerfile(kind: ProjectKind, base: string, requirements: Requirements, options: PythonProjectOptions): string {
  const added = [
    ...(names(requirements.text, ['gunicorn']) ? [] : [pinnedPackages.gunicorn]),
    ...(kind === ProjectKind.PYTHON || names(requirements.text, ['psycopg', 'psycopg2', 'psycopg2-binary']) ? [] : [pinnedPackages.psycopg]),
  ];
  const apt = (packages: string[] | undefined) =>
    packages && packages.length > 0
      ? [`RUN apt-get update && apt-get install --yes --no-install-recommends ${[...packages].sort().join(' ')} && rm -rf /var/lib/apt/lists/*`]
      : [];
  return [
    '# Written by cdktf-django. Requirements come first, so that an edit of the code builds in a second.',
    `FROM ${base} AS build`,
    ...apt(options.buildPackages),
    'ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore',
    'RUN python -m venv /opt/venv',
    'ENV PATH=/opt/venv/bin:$PATH',
    'WORKDIR /project',
    ...requirements.files.map((file) => `COPY ${JSON.stringify([file, `/project/${file}`])}`),
    ...requirements.commands.map((command) => `RUN ${command}`),
    ...(added.length > 0 ? [`RUN pip install ${added.map((name) => `'${name}'`).join(' ')}`] : []),
    '',
    `FROM ${base}`,
    ...apt(options.systemPackages),
    'ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1',
    'COPY --from=build /opt/venv /opt/venv',
    'WORKDIR /app',
    'COPY . /app',
    `RUN rm ${DOCKERFILE} && PYTHONDONTWRITEBYTECODE= python -m compileall -q /app || true`,
    `USER ${IMAGE_USER}`,
    '',
  ].join('\n');
}

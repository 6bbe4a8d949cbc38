import { Construct } from 'constructs';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultImages } from '../../lib/image/default-images';
import { pinnedPackages } from '../../lib/image/python-packages';
import { ProjectKind, projectContext, PythonProjectOptions } from '../../lib/image/python-project';
import { filesOf, folder } from '../support/folder';
import { newStack } from '../support/synth';

type Files = { [path: string]: string };

const manage = { 'manage.py': '# made by startproject' };

function stage(files: Files, options: PythonProjectOptions = {}, kind = ProjectKind.DJANGO, mirror?: string): string {
  const scope = new Construct(newStack(), 'Shop');
  const { context, dockerfile } = projectContext(scope, kind, folder(files), options, mirror);
  expect(dockerfile).toBe('Dockerfile.cdktf-django');
  const target = join(folder(), 'out');
  context.stage(target);
  return target;
}

const dockerfileOf = (...given: Parameters<typeof stage>) => readFileSync(join(stage(...given), 'Dockerfile.cdktf-django'), 'utf8');

/** The lines that bring packages into the image. */
const installs = (...given: Parameters<typeof stage>) =>
  dockerfileOf(...given)
    .split('\n')
    .filter((line) => /pip install|uv export|tomllib/.test(line));

describe('the Dockerfile', () => {
  test('installs requirements.txt with what it includes before it copies the code', () => {
    const files = {
      ...manage,
      'requirements.txt': '-r requirements/base.txt\n--constraint=limits.txt\nDjango==5.2\n',
      'requirements/base.txt': '-r more.txt\n  -r more.txt\n',
      'requirements/more.txt': 'requests\n',
      'limits.txt': 'gunicorn==23.0.0\n',
    };
    expect(dockerfileOf(files, { systemPackages: ['libmagic1', 'gettext'], buildPackages: ['gcc'] }))
      .toBe(`# Written by cdktf-django. Requirements come first, so that an edit of the code builds in a second.
FROM ${defaultImages.python} AS build
RUN apt-get update && apt-get install --yes --no-install-recommends gcc && rm -rf /var/lib/apt/lists/*
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /project
COPY ["requirements.txt","/project/requirements.txt"]
COPY ["requirements/base.txt","/project/requirements/base.txt"]
COPY ["requirements/more.txt","/project/requirements/more.txt"]
COPY ["limits.txt","/project/limits.txt"]
RUN pip install -r requirements.txt
RUN pip install '${pinnedPackages.gunicorn}' '${pinnedPackages.psycopg}'

FROM ${defaultImages.python}
RUN apt-get update && apt-get install --yes --no-install-recommends gettext libmagic1 && rm -rf /var/lib/apt/lists/*
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY . /app
RUN rm Dockerfile.cdktf-django && PYTHONDONTWRITEBYTECODE= python -m compileall -q /app || true
USER 10001:10001
`);
  });

  test('installs exactly what uv.lock says, first of all', () => {
    const lock = 'version = 1\n[[package]]\nname = "django"\n[[package]]\nname = "psycopg"\n';
    expect(installs({ ...manage, 'uv.lock': lock, 'pyproject.toml': '', 'requirements.txt': 'Django' })).toEqual([
      `RUN pip install --target /opt/uv ${pinnedPackages.uv}`,
      'RUN PYTHONPATH=/opt/uv python -m uv export --frozen --no-dev --no-emit-project --output-file /tmp/requirements.txt --quiet',
      'RUN pip install -r /tmp/requirements.txt',
      `RUN pip install '${pinnedPackages.gunicorn}'`,
    ]);
    expect(dockerfileOf({ ...manage, 'uv.lock': lock, 'pyproject.toml': '' })).toContain('COPY ["uv.lock","/project/uv.lock"]\n');
  });

  test('installs the dependencies of pyproject.toml when there is nothing else', () => {
    expect(installs({ ...manage, 'pyproject.toml': '[project]\ndependencies = ["Django>=5", "gunicorn>=23", "psycopg[c]"]\n' })).toEqual([
      `RUN python -c "import tomllib; print('\\n'.join(tomllib.load(open('pyproject.toml', 'rb')).get('project', {}).get('dependencies', [])))" > /tmp/requirements.txt`,
      'RUN pip install -r /tmp/requirements.txt',
    ]);
  });

  test('installs a pinned Django for a project that says that it has no requirements', () => {
    expect(installs(manage, { withoutRequirements: true })).toEqual([
      `RUN pip install ${pinnedPackages.django}`,
      `RUN pip install '${pinnedPackages.gunicorn}' '${pinnedPackages.psycopg}'`,
    ]);
    expect(installs({}, { withoutRequirements: true }, ProjectKind.PYTHON)).toEqual([`RUN pip install '${pinnedPackages.gunicorn}'`]);
  });

  test('takes the file that is named', () => {
    const files = { ...manage, 'uv.lock': '', 'requirements.txt': '', 'requirements/production.txt': 'Django\n', 'pyproject.toml': '' };
    expect(installs(files, { requirements: 'requirements/production.txt' })[0]).toBe('RUN pip install -r requirements/production.txt');
    expect(installs(files, { requirements: 'pyproject.toml' })[0]).toMatch(/tomllib/);
    expect(installs(files, { requirements: 'uv.lock' })[0]).toMatch(/\/opt\/uv/);
  });

  test('stands on the image that is named, through the mirror', () => {
    const files = { ...manage, 'requirements.txt': '' };
    const bases = (options: PythonProjectOptions, mirror?: string) => dockerfileOf(files, options, ProjectKind.DJANGO, mirror).match(/^FROM .*$/gm);
    expect(bases({ baseImage: 'python:3.12-slim' })).toEqual(['FROM python:3.12-slim AS build', 'FROM python:3.12-slim']);
    expect(bases({}, 'localhost/hub')).toEqual([`FROM localhost/hub/${defaultImages.python} AS build`, `FROM localhost/hub/${defaultImages.python}`]);
  });
});

describe('what is added', () => {
  const added = (text: string, kind = ProjectKind.DJANGO) => installs({ ...manage, 'requirements.txt': text }, {}, kind).slice(1);
  const { gunicorn, psycopg } = pinnedPackages;

  test.each([
    ['', [gunicorn, psycopg]],
    ['gunicorn\n', [psycopg]],
    ['Gunicorn==23.0.0\n', [psycopg]],
    ['gunicorn[gevent]>=20 ; python_version > "3"\n', [psycopg]],
    ['psycopg\n', [gunicorn]],
    ['psycopg[binary]==3.2\n', [gunicorn]],
    ['psycopg2>=2.9\n', [gunicorn]],
    ['psycopg2-binary\n', [gunicorn]],
    ['gunicorn @ https://example.com/gunicorn.whl\npsycopg2\n', []],
    ['django-gunicorn\ngunicorn-color\npsycopg-pool\n', [gunicorn, psycopg]],
    ['# gunicorn comes with the image\nDjango # psycopg too\n', [gunicorn, psycopg]],
  ])('to %j', (text, packages) => {
    expect(added(text)).toEqual(packages.length > 0 ? [`RUN pip install ${packages.map((name) => `'${name}'`).join(' ')}`] : []);
  });

  test('to another app is Gunicorn alone', () => {
    expect(added('flask\n', ProjectKind.PYTHON)).toEqual([`RUN pip install '${gunicorn}'`]);
    expect(added('gunicorn\n', ProjectKind.PYTHON)).toEqual([]);
  });

  test('counts what an included file names', () => {
    expect(installs({ ...manage, 'requirements.txt': '-r base.txt\n', 'base.txt': 'gunicorn\npsycopg\n' })).toEqual([
      'RUN pip install -r requirements.txt',
    ]);
  });
});

describe('what enters the image', () => {
  const secrets = {
    '.env': '',
    '.env.production': '',
    'shop/.env': '',
    '.git/config': '',
    'vendor/.git/config': '',
    'db.sqlite3': '',
    'db.sqlite3-journal': '',
    'data/old.sqlite': '',
    'terraform.tfstate': '',
    'terraform.shop.tfstate.backup': '',
    '.terraform/x': '',
    'cdktf.out/x': '',
    'node_modules/x/index.js': '',
    '.venv/x': '',
    'venv/x': '',
    'shop/__pycache__/x.pyc': '',
    'shop/x.pyc': '',
    'media/photo.jpg': '',
    '.dockerignore': '',
  };
  const code = { ...manage, 'requirements.txt': '', 'shop/settings.py': 'DEBUG = True', 'shop/media/logo.svg': '<svg/>', 'environment.py': '' };
  const entering = (files: Files, options?: PythonProjectOptions) =>
    Object.keys(filesOf(stage(files, options))).filter((path) => path !== 'Dockerfile.cdktf-django');

  test('is the code, without secrets, data, state and what is made anew', () => {
    expect(entering({ ...code, ...secrets })).toEqual(Object.keys(code).sort());
  });

  test('is not more because .dockerignore brings it back', () => {
    expect(
      entering({
        ...code,
        ...secrets,
        '.dockerignore': Object.keys(secrets)
          .map((path) => `!${path}`)
          .join('\n'),
      }),
    ).toEqual(Object.keys(code).sort());
  });

  test('is less by .dockerignore and by exclude', () => {
    const paths = entering({ ...code, '.dockerignore': '*.md\n', 'README.md': '', 'docs/x': '' }, { exclude: ['docs'] });
    expect(paths).toEqual(Object.keys(code).sort());
  });

  test('is an app that is named media', () => {
    expect(entering({ ...code, 'media/__init__.py': '', 'media/models.py': '' })).toContain('media/models.py');
  });
});

describe('bad input is refused with the path of the construct', () => {
  const complete = { ...manage, 'requirements.txt': 'Django\n' };

  test.each<[string, Files, PythonProjectOptions, RegExp]>([
    [
      'an exclude that cannot be read',
      complete,
      { exclude: ['docs', '}){{'] },
      /: exclude has "\}\)\{\{", which is no pattern such as "\*\.md" or "docs"; leave out brackets and braces$/,
    ],
    [
      'a .dockerignore that cannot be read',
      { ...complete, '.dockerignore': '# {{ fine\n*.md\n}){{\n' },
      {},
      /: \/.*\/\.dockerignore has "\}\)\{\{", which is no pattern/,
    ],
    [
      'no manage.py',
      { 'requirements.txt': '' },
      {},
      /^shop\/Shop: there is no manage.py in .*\/project; name the folder that "django-admin startproject" made/,
    ],
    [
      'no requirements',
      manage,
      {},
      /^shop\/Shop: there is no uv.lock, requirements.txt or pyproject.toml in .*; add one, .* or say withoutRequirements: true$/,
    ],
    [
      'named requirements that are missing',
      complete,
      { requirements: 'x.txt' },
      /^shop\/Shop: there is no "x.txt" in .*; correct the option requirements$/,
    ],
    [
      'requirements elsewhere',
      complete,
      { requirements: 'a/../../x.txt' },
      /^shop\/Shop: requirements must be below the project, got "a\/\.\.\/\.\.\/x.txt"$/,
    ],
    [
      'requirements with a shell word',
      complete,
      { requirements: 'a.txt; reboot' },
      /^shop\/Shop: requirements must be a path below the project .*, got "a.txt; reboot"$/,
    ],
    [
      'requirements of another form',
      { ...complete, Pipfile: '' },
      { requirements: 'Pipfile' },
      /^shop\/Shop: requirements must be a .txt file, uv.lock or pyproject.toml, got "Pipfile"$/,
    ],
    [
      'an included file that is missing',
      { ...manage, 'requirements.txt': '-r base.txt\n' },
      {},
      /^shop\/Shop: requirements.txt includes "base.txt", which does not exist$/,
    ],
    [
      'an included file elsewhere',
      { ...manage, 'requirements.txt': '-r ../base.txt\n' },
      {},
      /^shop\/Shop: requirements.txt includes "\.\.\/base.txt", which is outside the project; move it below$/,
    ],
    ['a base image without a version', complete, { baseImage: 'python' }, /^shop\/Shop: baseImage must have a tag or a digest.*, got "python"$/],
    [
      'a base image of tomorrow',
      complete,
      { baseImage: 'python:latest' },
      /^shop\/Shop: baseImage must not have the tag "latest".*, got "python:latest"$/,
    ],
    [
      'a package that is a command',
      complete,
      { systemPackages: ['x; reboot'] },
      /^shop\/Shop: a Debian package must be the name of a package such as "libmagic1", got "x; reboot"$/,
    ],
    ['a package that is an option', complete, { buildPackages: ['-o'] }, /^shop\/Shop: a Debian package must be .*, got "-o"$/],
  ])('%s', (_what, files, options, message) => expect(() => stage(files, options)).toThrow(message));
});

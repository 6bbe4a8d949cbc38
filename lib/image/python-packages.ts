/** The Python packages that images get beside what a project names, pinned. */
export const pinnedPackages = {
  django: 'Django==5.2.19',
  gunicorn: 'gunicorn==27.0.1',
  psycopg: 'psycopg[binary]==3.3.9',
  uv: 'uv==0.13.9',
} as const;

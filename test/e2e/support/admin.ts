import { Session } from './http';

/** Somebody who looks after the example's shop. */
export const ADMIN = { username: 'keeper', password: 'only-for-this-test-7!' };

/** Makes an account for the admin's pages, by what README says to do it with. */
export function makeAdmin(exec: (container: string, ...command: string[]) => string, app: string): void {
  const options = ['--noinput', '--username', ADMIN.username, '--email', 'keeper@example.com'];
  exec(app, 'env', `DJANGO_SUPERUSER_PASSWORD=${ADMIN.password}`, '/run/cdktf-django/bin/manage', 'createsuperuser', ...options);
}

/** Logs in by the form. */
export async function logIn(session: Session): Promise<void> {
  const answer = await session.post('/admin/login/?next=/admin/', ADMIN, '/admin/login/');
  expect({ status: answer.status, location: answer.headers.location }).toEqual({ status: 302, location: '/admin/' });
  await expectLoggedIn(session);
}

/** The admin's pages are for those alone who have logged in. */
export async function expectLoggedIn(session: Session): Promise<void> {
  const page = await session.get('/admin/');
  expect({ status: page.status, whose: page.body.includes('Log out') && page.body.includes(ADMIN.username) }).toEqual({ status: 200, whose: true });
}

import { loginRoles } from '../../lib/postgres/names';

test.each([
  [1, 'shop', 'shop_alt'],
  [2, 'shop_alt', 'shop'],
  [3, 'shop', 'shop_alt'],
])('version %i of a password is the one of %s', (version, login, other) => {
  expect(loginRoles('shop', version)).toEqual([login, other]);
});

import { pinnedPackages } from '../../lib/image/python-packages';

test.each(Object.entries(pinnedPackages))('%s is pinned to one version', (name, requirement) => {
  expect(requirement.toLowerCase()).toMatch(new RegExp(`^${name}(\\[[a-z]+\\])?==\\d+(\\.\\d+)+$`));
});

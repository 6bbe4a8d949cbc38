// Unit tests: everything that needs no engine. `npm run e2e` runs those that do (jest.e2e.config.cjs).
const shared = require('./jest.shared.cjs');

module.exports = {
  ...shared,
  roots: ['<rootDir>/test'],
  setupFiles: ['<rootDir>/test/support/no-creation-stacks.ts'],
  testPathIgnorePatterns: ['<rootDir>/test/e2e/'],
};

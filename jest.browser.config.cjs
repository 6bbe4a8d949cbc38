// End-to-end tests in Chromium, of projects that others' generators make. `npm run e2e:browser` sets up what they need.
const shared = require('./jest.shared.cjs');

module.exports = {
  ...shared,
  maxWorkers: 1,
  roots: ['<rootDir>/test/e2e/browser'],
  setupFilesAfterEnv: ['<rootDir>/test/e2e/support/timeout.ts'],
};

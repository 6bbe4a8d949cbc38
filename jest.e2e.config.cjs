// End-to-end tests: a real engine, real Terraform, real servers. `npm run e2e [-- suite...]` sets up what they need.
const shared = require('./jest.shared.cjs');

module.exports = {
  ...shared,
  roots: ['<rootDir>/test/e2e'],
  testTimeout: 10 * 60_000,
  maxWorkers: 1,
};

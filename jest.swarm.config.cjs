// End-to-end tests on a Docker Swarm of three engines, which they make themselves. `npm run e2e:swarm` sets up what they need.
const shared = require('./jest.shared.cjs');

module.exports = {
  ...shared,
  maxWorkers: 1,
  roots: ['<rootDir>/test/e2e/swarm'],
  setupFilesAfterEnv: ['<rootDir>/test/e2e/support/timeout.ts'],
};

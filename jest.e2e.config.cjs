// End-to-end tests: a real engine, real Terraform, real servers. `npm run e2e [-- suite...]` sets up what they need.
const shared = require('./jest.shared.cjs');

// Suites that measure, and would measure their neighbours.
const ALONE = ['attack', 'soak'];

// Those on a Swarm and in Chromium have configurations of their own (jest.swarm.config.cjs, jest.browser.config.cjs).
const APART = ['<rootDir>/test/e2e/swarm/', '<rootDir>/test/e2e/browser/'];

const common = { ...shared, roots: ['<rootDir>/test/e2e'], setupFilesAfterEnv: ['<rootDir>/test/e2e/support/timeout.ts'] };
const paths = ALONE.map((name) => `<rootDir>/test/e2e/${name}.test.ts`);

module.exports = {
  // Most of a suite's time is waiting for one program after the other.
  maxWorkers: 2,
  projects: [
    { ...common, displayName: 'together', testPathIgnorePatterns: [...paths, ...APART] },
    { ...common, displayName: 'alone', testMatch: paths, runner: '<rootDir>/test/e2e/support/serial-runner.cjs' },
  ],
};

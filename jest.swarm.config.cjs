// End-to-end tests on a Docker Swarm of two or three engines, which they make themselves. `npm run e2e:swarm` sets up what they need.
const shared = require('./jest.shared.cjs');

// The loss of nodes takes as long as all the rest: `CDKTF_DJANGO_SWARM=long npm run e2e:swarm`, or by its name.
const whole = process.env.CDKTF_DJANGO_SWARM === 'long' || process.argv.some((argument) => argument.includes('failures'));

module.exports = {
  ...shared,
  maxWorkers: 1,
  testPathIgnorePatterns: whole ? [] : ['failures\\.test\\.ts$'],
  roots: ['<rootDir>/test/e2e/swarm'],
  setupFilesAfterEnv: ['<rootDir>/test/e2e/support/timeout.ts'],
};

// What unit and end-to-end tests have in common. swc compiles; `npm run lint` checks the types.
module.exports = {
  testEnvironment: 'node',
  testMatch: ['**/*.test.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  modulePathIgnorePatterns: ['<rootDir>/build', '<rootDir>/cdktf.out', '<rootDir>/dist'],
};

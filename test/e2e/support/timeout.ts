// A deploy takes longer than what jest allows a test. (jest 30 does not look at testTimeout in a project of several.)
jest.setTimeout(10 * 60_000);

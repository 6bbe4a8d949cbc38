/*
 * cdktf remembers for each token where it was made, with a whole stack, and jest translates each line of it: more than half of the time of a test that makes a stack.
 * Errors of tests do not need it.
 */
jest.mock('cdktf/lib/tokens/private/stack-trace', () => ({ captureStackTrace: () => [] }));

/** What the set-up tells the person. Everything goes to stderr: stdout belongs to `--print-env`. */

const startedAt = Date.now();

/** One line about what is being done or was found. */
export function say(part, text) {
  process.stderr.write(`set-up: ${part}: ${text}\n`);
}

/** Seconds since `since`, for a person. */
export function seconds(since = startedAt) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

/**
 * Says that something slow begins and, every 15 seconds, that it still goes on.
 * Returns the result of `work`; says how long it took, and "no" instead of "done" where `succeeded` denies that result.
 */
export async function slowly(part, text, work, succeeded = () => true) {
  const since = Date.now();
  say(part, `${text} ...`);
  const timer = setInterval(() => say(part, `${text} ... still at it after ${seconds(since)}`), 15_000);
  try {
    const result = await work();
    say(part, `${text} ... ${succeeded(result) ? 'done in' : 'no, after'} ${seconds(since)}`);
    return result;
  } finally {
    clearInterval(timer);
  }
}

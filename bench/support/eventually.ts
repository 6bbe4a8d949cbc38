/** Tries until it succeeds; the last failure is the failure. */
export async function eventually<T>(attempt: () => Promise<T>, seconds: number): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline || (error as Error).message.startsWith('stopped by')) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

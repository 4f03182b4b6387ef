// Retry with exponential backoff and full jitter: before attempt n it waits anything from 0 to min(cap, base * 2^(n-1)) ms, so that those who failed
// together do not come back together.

export interface RetryOptions {
  attempts: number; // all of them, the first included
  base: number; // ms
  cap: number; // ms
}

// An error that no later attempt will change.
export class PermanentError extends Error {}

export async function retry<T>(work: (attempt: number) => Promise<T>, { attempts, base, cap }: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt >= attempts || error instanceof PermanentError) throw error;
      const ceiling = Math.min(cap, base * 2 ** (attempt - 1));
      await scheduler.wait(Math.random() * ceiling);
    }
  }
}

import { strict as assert } from 'node:assert';
import { setTimeout as delay } from 'node:timers/promises';

/** Asks again and again until it holds. @throws AssertionError naming what did not come about in time. */
export async function until(what: string, holds: () => Promise<boolean>, withinMs = 240_000): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!await holds()) {
    assert.ok(performance.now() < endMs, `in time: ${what}`);
    await delay(100);
  }
}

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { withRetries } from './retries.ts';

const upsert = { name: 'Upsert', requestName: 'UpsertRequest' } as const;

/** Answers after so long, until then with a time to come back, or none. */
function server(awayMs: number, retryAfterMs?: number): { once: () => Promise<object>; attempts: () => number } {
  const startMs = performance.now();
  let attempts = 0;
  return {
    attempts: () => attempts,
    once: async () => {
      attempts += 1;
      if (performance.now() - startMs < awayMs) throw new AppError('UNAVAILABLE', 'away', retryAfterMs === undefined ? {} : { retryAfterMs });
      return {};
    },
  };
}

test('by default a call rides out two seconds in which a reindex takes no writes, or a server is away', async () => {
  const pauses = [server(2_000, 250), server(2_000)];
  await Promise.all(pauses.map(({ once }) => withRetries(upsert, {}, {}, { random: () => 0 }, once)));
  assert.ok(pauses.every(({ attempts }) => attempts() <= 10));
});

test('it ends after so many attempts, with what it was told last', async () => {
  const away = server(60_000);
  await assert.rejects(withRetries(upsert, {}, {}, { attemptsMax: 3, backoffMs: 1 }, away.once), { message: 'away' });
  assert.equal(away.attempts(), 3);
});

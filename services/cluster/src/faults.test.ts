import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { createLogger } from '@proximadb/process';
import { Faults } from './faults.ts';

test('a fault is told once, with its beginning, as long as it lasts, and its end is told', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_700_000_000_000 });
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({ destination: { write: (line) => { lines.push(JSON.parse(line) as Record<string, unknown>); } } });
  let redis: string | null = null;
  using faults = new Faults({ redis: () => redis, registry: () => null }, logger, () => Date.now());
  assert.deepEqual([faults.list(), faults.away], [[], '']);

  redis = 'does not answer';
  context.mock.timers.tick(2_000);
  const since = 1_700_000_002_000_000;
  context.mock.timers.tick(5_000);
  assert.deepEqual(faults.list(), [{ part: 'redis', what: 'does not answer', since }]);
  redis = 'refuses the password';
  assert.deepEqual(faults.list(), [{ part: 'redis', what: 'refuses the password', since }], 'away for another reason is away since then');
  assert.equal(faults.away, 'redis');

  redis = null;
  context.mock.timers.tick(2_000);
  assert.deepEqual([faults.list(), faults.away], [[], '']);
  assert.deepEqual(lines.map(({ level, event, part, what }) => [level, event, part, what]), [
    ['warn', 'part-is-away', 'redis', 'does not answer'], ['warn', 'part-is-away', 'redis', 'refuses the password'],
    ['info', 'part-is-back', 'redis', undefined],
  ]);
});

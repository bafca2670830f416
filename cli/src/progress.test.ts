import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { mock, test } from 'node:test';
import { bytes, count, counted, duration, instant } from './figures.ts';
import { progressText, startProgress, type ProgressOptions } from './progress.ts';
import { clipped, exactJson, facts, oneLine, table, toJson } from './tables.ts';
import { colorsOf } from './terminal.ts';

class Lines extends EventEmitter {
  readonly lines: string[] = [];
  write(text: string | Uint8Array): boolean {
    this.lines.push(String(text));
    return true;
  }
}

const colors = colorsOf({ write: () => true, once: () => undefined }, {});
const options = (output: Lines, more: Partial<ProgressOptions> = {}): ProgressOptions =>
  ({ output, colors, unit: 'rows', rowsTotal: 1_000, from: { share: 0, rows: 0 }, ...more });

test('rate and remaining time are of this run, not of what an earlier one did', () => {
  const from = { share: 0.5, rows: 500 };
  assert.equal(progressText({ share: 0.75, rows: 750 }, options(new Lines(), { from }), 10_000), ' 75 %  750 of 1,000 rows  25/s  10 s left');
  assert.equal(progressText({ share: null, rows: 5 }, options(new Lines(), { rowsTotal: null, from: { share: null, rows: 0 } }), 1_000), '5 rows  5/s');
  assert.equal(progressText({ share: 1, rows: 1_000, remark: 'done' }, options(new Lines()), 1_000), '100 %  1,000 of 1,000 rows  1,000/s  done');
});

test('where no person looks on there is a line every 5 s, and one at the end', () => {
  mock.timers.enable({ apis: ['setInterval'] });
  try {
    const output = new Lines();
    let nowMs = 0;
    {
      using progress = startProgress(options(output, { nowMs: () => nowMs }));
      progress.update({ share: 0.1, rows: 100 });
      mock.timers.tick(4_999);
      assert.deepEqual(output.lines, []);
      nowMs = 5_000;
      mock.timers.tick(1);
      assert.deepEqual(output.lines, ['   10 %  100 of 1,000 rows  20/s  45 s left\n']);
      progress.update({ share: 1, rows: 1_000 });
    }
    assert.equal(output.lines.length, 2);
    mock.timers.tick(60_000);
    assert.equal(output.lines.length, 2, 'it has ended');
  } finally {
    mock.timers.reset();
  }
});

test('figures', () => {
  assert.equal(count(341_479n), '341,479');
  assert.deepEqual([0, 1023, 1024, 1536, 10 * 1024, 5 * 2 ** 40].map(bytes), ['0 B', '1023 B', '1.0 KiB', '1.5 KiB', '10 KiB', '5.0 TiB']);
  assert.deepEqual([0, 9_900, 59_400, 61_000, 7_860_000].map(duration), ['0.0 s', '9.9 s', '59 s', '1 min 01 s', '2 h 11 min']);
  assert.equal(instant(1_700_000_000_123_456n), '2023-11-14 22:13:20.123 UTC');
  assert.equal(instant(2n ** 63n - 1n), String(2n ** 63n - 1n));
  assert.deepEqual([counted(1, 'row'), counted(2, 'row')], ['1 row', '2 rows']);
});

test('what a stranger wrote cannot move the cursor', () => {
  assert.equal(oneLine('a\nb\u001b[2Jc\u0007'), 'a\\u000ab\\u001b[2Jc\\u0007');
  assert.equal(facts([['id', 'x\ty']], colors), 'id  x\\u0009y');
  assert.equal(table([{ title: 'a' }, { title: 'b', align: 'right' }], [['1', '2'], ['long', 'x\n']], colors), 'a           b\n1           2\nlong  x\\u000a');
  assert.equal(clipped('abcdef', 4), 'abc…');
});

test('JSON for programs keeps every digit', () => {
  assert.equal(toJson({ small: 1n, large: 2n ** 63n, exact: exactJson('{"l":9223372036854775807,"d":1.0}') }),
    '{"small":1,"large":"9223372036854775808","exact":{"l":9223372036854775807,"d":1.0}}');
});

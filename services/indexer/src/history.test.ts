import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { entriesMax, History } from './history.ts';

const second = 1_000_000;

/** After so many manifests, one a second and each behind 10 records of 100 bytes. */
function after(manifests: number, keep: { readonly micros: number; readonly bytes: number }): { readonly history: History; behind(): number } {
  const history = new History();
  let last = 0;
  const behind = (): number => history.behind({ logTime: last * second, appliedBytes: last * 1_000 }, keep);
  for (let at = 1; at <= manifests; at += 1) {
    last = at;
    history.note({ watermark: at * 10, logTime: at * second, appliedBytes: at * 1_000 });
    behind();
  }
  return { history, behind };
}

describe('the history of a shard', () => {
  test('is behind by more than the time or the bytes that are kept, whichever comes first', () => {
    assert.equal(after(100, { micros: 200 * second, bytes: 200_000 }).behind(), 0);
    assert.equal(after(100, { micros: 30 * second, bytes: 200_000 }).behind(), 690);
    assert.equal(after(100, { micros: 200 * second, bytes: 30_000 }).behind(), 690);
  });

  test('never goes back', () => {
    const { history } = after(100, { micros: 30 * second, bytes: 200_000 });
    assert.equal(history.behind({ logTime: 100 * second, appliedBytes: 100_000 }, { micros: 10 * second, bytes: 200_000 }), 890);
    assert.equal(history.behind({ logTime: 901 * second, appliedBytes: 100_000 }, { micros: 10 * second, bytes: 200_000 }), 1_000);
  });

  test('goes on, however many manifests lie within what is kept', () => {
    const kept = 2 * entriesMax;
    const manifests = 10 * entriesMax;
    const behind = after(manifests, { micros: kept * second, bytes: Infinity }).behind() / 10;
    assert.ok(behind <= manifests - kept && behind > manifests - 1.01 * kept, String(behind));
  });
});

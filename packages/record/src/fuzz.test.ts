import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { schemaText } from '@proximadb/schemas';
import fc from 'fast-check';
import {
  compileWalker, encodePatchRecord, encodeVectorRecord, splicePatch, withWire, type DecodedRecord, type RecordLimits,
} from './index.ts';
import * as arbitrary from './testing/arbitrary.ts';
import { decodeWithAvsc } from './testing/as-avsc.ts';
import { body, seeded } from './testing/blocks.ts';
import { contents } from './testing/contents.ts';

/** A hundred thousand stack traces would take most of the time. */
Error.stackTraceLimit = 0;
const cases = 100_000;
const timeMs = 6_000;
const dimension = 3;
const limits: RecordLimits = { dimension, metric: 'dot', recordBytesMax: 1 << 20 };
const walker = compileWalker(schemaText('VectorRecord'));

/** The outcome of a check: the contents, or the message of the refusal. Anything but a typed refusal fails the test. */
function outcome(bytes: Uint8Array, seed: number): DecodedRecord | string {
  try {
    return contents(walker.check(bytes, limits));
  } catch (error) {
    if (error instanceof AppError && error.code === 'INVALID_ARGUMENT') return error.message;
    throw new Error(`seed ${seed}: not a typed refusal of ${Buffer.from(bytes).toString('hex')}`, { cause: error });
  }
}

function mutate(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  for (let changes = 1 + random(3); changes > 0; changes--) {
    const at = 5 + random(changed.length - 5);
    const kind = random(4);
    if (kind === 0) changed[at] = random(256);
    else if (kind === 1) changed[at] = (changed[at] ?? 0) ^ (1 << random(8));
    else if (kind === 2) changed[at] = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff][random(7)] ?? 0;
    else changed.copyWithin(at, 5 + random(changed.length - 5));
  }
  return random(4) === 0 ? changed.subarray(0, random(changed.length + 1)) : changed;
}

test('no input does anything but pass or be refused; what passes, avsc decodes to the same; nothing outside of the bytes matters', () => {
  const seed = Date.now() % 1_000_000;
  const random = seeded(seed);
  const samples = fc.sample(arbitrary.record(dimension), { seed, numRuns: 300 }).map((record) => withWire(7, Uint8Array.from(body(record, random))));
  const started = performance.now();
  let accepted = 0;
  let refused = 0;
  while (accepted + refused < cases && performance.now() - started < timeMs) {
    const bytes = random(20) === 0
      ? Uint8Array.from({ length: random(60) }, () => random(256)) : mutate(samples[random(samples.length)] ?? new Uint8Array(9), random);
    const result = outcome(bytes, seed);
    if (random(4) === 0) {
      const surrounded = new Uint8Array(bytes.length + 64).fill(random(2) * 255);
      surrounded.set(bytes, 32);
      assert.deepEqual(outcome(surrounded.subarray(32, 32 + bytes.length), seed), result, `seed ${seed}`);
    }
    if (typeof result === 'string') refused++;
    else {
      accepted++;
      assert.deepStrictEqual(decodeWithAvsc(bytes.subarray(5)), result, `seed ${seed}`);
    }
    try {
      contents(walker.view(bytes));
    } catch (error) {
      assert.ok(error instanceof AppError && error.code === 'INVALID_ARGUMENT', `seed ${seed}: ${String(error)}`);
    }
  }
  const tried = accepted + refused;
  assert.ok(accepted > tried / 20 && refused > tried / 5, `seed ${seed}: both outcomes are tried (${accepted} and ${refused})`);
  assert.ok(tried > 2_000, `only ${tried} cases in ${timeMs} ms`);
});

test('no patch does anything but pass or be refused, and what passes can be spliced', () => {
  const seed = Date.now() % 1_000_000;
  const random = seeded(seed);
  const patches = compileWalker(schemaText('PatchRecord'));
  const base = encodeVectorRecord(1, { id: 'a', vector: [1, 2, 3], metadata: new Map([['lang', 'de'], ['year', '1']]) });
  const samples = fc.sample(arbitrary.record(dimension), { seed, numRuns: 200 }).map(({ vector, metadata, timestamp, expiresAt }, index) =>
    encodePatchRecord(2, { id: 'a', vector: index % 2 === 0 ? vector : null, set: metadata, unset: ['lang', 'none'], timestamp, expiresAt }));
  const started = performance.now();
  let spliced = 0;
  let tried = 0;
  for (; tried < 30_000 && performance.now() - started < timeMs / 3; tried++) {
    const bytes = mutate(samples[random(samples.length)] ?? base, random);
    try {
      const patch = patches.check(bytes, limits);
      if (patch.id !== 'a') continue;
      walker.check(splicePatch(base, walker, patch, limits), limits);
      spliced++;
    } catch (error) {
      if (error instanceof AppError && error.code === 'INVALID_ARGUMENT') continue;
      throw new Error(`seed ${seed}: not a typed refusal of ${Buffer.from(bytes).toString('hex')}`, { cause: error });
    }
  }
  assert.ok(spliced > tried / 30 && tried > 500, `seed ${seed}: ${spliced} of ${tried} were spliced`);
});

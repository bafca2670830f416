/** Queries of another kind than the rows: none of what a segment measured of itself holds for them, and what is nearest is found all the same. */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileWalker, encodeVectorRecord } from '@proximadb/record';
import { schemaText } from '@proximadb/schemas';
import {
  defaultQuantization, defaultsOf, encodeRows, hashId, prepareQuery, runBuildJob, Sealed, searchSealed, SegmentWriter, strideOf, type SegmentAnswer,
} from './index.ts';
import { random } from './testing/random.ts';

const text = schemaText('VectorRecord');
const walker = compileWalker(JSON.parse(text));
const dimension = 48;
const count = 20_000;
const k = 10;
const recallTarget = 0.95;
const queriesAsked = 60;

const draw = random(11);
const normal = (): number => draw() + draw() + draw() + draw() - 2;
/** Rows lie near a plane of a few directions, queries anywhere. */
const plane = Array.from({ length: 6 }, () => Float32Array.from({ length: dimension }, normal));
const likeRows = (): Float32Array => {
  const shares = plane.map(normal);
  return Float32Array.from({ length: dimension }, (_, i) => plane.reduce((sum, axis, at) => sum + (axis[i] ?? 0) * (shares[at] ?? 0), 0) + normal() / 4);
};
const rows = Array.from({ length: count }, likeRows);
const alike = Array.from({ length: queriesAsked }, likeRows);
const unlike = Array.from({ length: queriesAsked }, () => Float32Array.from({ length: dimension }, normal));

for (const metric of ['cosine', 'euclidean', 'dot', 'manhattan'] as const) {
  for (const index of ['hnsw', 'ivf'] as const) {
    test(`${index} under ${metric}: are read more for, those like the rows are not`, async (context) => {
      const directory = mkdtempSync(join(tmpdir(), 'proximadb-unlike-'));
      context.after(() => { rmSync(directory, { recursive: true }); });
      const writer = new SegmentWriter(join(directory, 'tmp'), count, () => text);
      const padded = new Float32Array(strideOf(dimension));
      for (const [row, vector] of rows.entries()) {
        const bytes = encodeVectorRecord(1, { id: `r${row}`, vector });
        padded.set(prepareQuery(metric, vector));
        writer.add(1, bytes, row, Infinity, hashId(walker.view(bytes).idBytes), padded);
      }
      const schemas = { 1: text };
      const codes = index === 'hnsw' ? metric : undefined;
      const { segment: flat } = runBuildJob({ kind: 'complete', directory: join(directory, 'tmp'), schemaIds: writer.close(), schemas, dimension, codes });
      assert.ok(flat !== undefined);
      const graphSettings = { dimension, metric, m: 16, efConstruction: 64, quantization: defaultQuantization(metric) };
      const graph = { ...graphSettings, recallTarget };
      const whole = { directory: join(directory, flat.id), schemaIds: flat.schemaIds, keep: encodeRows(Array(count).keys()) };
      const built = index === 'hnsw' ? runBuildJob({ kind: 'graph', directory: whole.directory, sources: [whole], graph })
        : runBuildJob({
          kind: 'merge', directory: join(directory, 'lists'), dimension, schemas, lists: metric, codes: undefined, recallTarget,
          sources: [whole],
        });
      const files = built.segment ?? flat;
      const sealed = await Sealed.open({ directory: join(directory, files.id), files, graphSettings, walkerOf: () => walker, storage: 'memory' }, true);
      context.after(() => { sealed.close(); });
      if (built.graph !== undefined) await sealed.attach(built.graph, true);

      // Lists score as many candidates however many of them are read.
      const lists = sealed.lists === undefined ? undefined : context.mock.method(sealed.lists, 'candidates');
      const readOf = (given: Float32Array, ef: number | null): { readonly answer: SegmentAnswer; readonly read: number } => {
        const answer = searchSealed(sealed, { ...searchOf(given), ef, exact: false });
        const read = lists === undefined ? answer.candidates : lists.mock.calls.reduce((sum, { result }) => sum + (result?.lists ?? 0), 0);
        lists?.mock.resetCalls();
        return { answer, read };
      };
      const searchOf = (given: Float32Array) => ({ metric, query: prepareQuery(metric, given), k, predicate: null, recallTarget, nowMicros: 0 });
      const usualEf = defaultsOf(sealed, recallTarget).ef ?? 64;
      const strategies = new Set<string>();
      const asked = (queries: readonly Float32Array[]) => {
        const sum = { recall: 0, recallByEf: 0, more: 0 };
        for (const given of queries) {
          const nearest = new Set(searchSealed(sealed, { ...searchOf(given), ef: null, exact: true }).top.rows);
          const shareOf = ({ top }: SegmentAnswer): number => top.rows.filter((row) => nearest.has(row)).length / k;
          // Who says how much is to be read gets as much, whatever the query.
          const [byDefault, byEf] = [readOf(given, null), readOf(given, usualEf)];
          sum.recall += shareOf(byDefault.answer) / queries.length;
          sum.recallByEf += shareOf(byEf.answer) / queries.length;
          if (byDefault.read > byEf.read || byDefault.answer.strategy !== byEf.answer.strategy) sum.more += 1;
          strategies.add(byEf.answer.strategy);
        }
        return sum;
      };
      const [usual, other] = [asked(alike), asked(unlike)];
      context.diagnostic(`like the rows ${JSON.stringify(usual)}, unlike ${JSON.stringify(other)}, ef ${usualEf}, by ${[...strategies].join()}`);
      assert.ok(usual.recall >= recallTarget, `recall of queries like the rows is ${usual.recall}`);
      assert.ok(other.recall >= recallTarget, `recall of others is ${other.recall}, with ef ${usualEf} ${other.recallByEf}`);
      assert.ok(usual.more <= 0.05 * alike.length, `${usual.more} of ${alike.length} queries like the rows are read more for`);
      // Codes find what is nearest to any query, by their bounds.
      const expected = strategies.has('codes') ? 0 : unlike.length;
      assert.equal(other.more, expected, `${other.more} of ${unlike.length} others are read more for`);
    });
  }
}

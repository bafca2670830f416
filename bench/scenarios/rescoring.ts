/** Whether a slab of vectors beside the records' bytes pays: candidates scored from it, and from the bytes that the log had. */
import { join } from 'node:path';
import type { RecordView } from '@proximadb/record';
import { defaultsOf, prepareQuery, searchSealed } from '@proximadb/segment';
import { Slab } from '@proximadb/segment/kernels';
import { clusteredSet } from '../data/clustered-set.ts';
import type { DataSet } from '../data/data-set.ts';
import { wordSet } from '../data/word-set.ts';
import { recordWalker } from '../flat-segment.ts';
import type { Aim, Cell, Report } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { median } from '../statistics.ts';
import { make, type Made } from './recall.ts';

export const rescoring: Scenario = { name: 'rescoring', title: 'Candidates scored from a slab, and from the records', run };

const k = 10;
const recallTarget = 0.95;
const indexes = ['graph', 'lists'] as const;
const slowerAim = 0.1;
/** By distances of codes, of which as many are scored exactly. */
const listCandidates = 64;

/** µs of each query. */
interface Measured {
  readonly search: number;
  readonly slab: number;
  readonly held: number;
  readonly read: number;
  readonly candidates: number;
}

async function run({ short, scratch, say, chosen }: BenchOptions): Promise<Report> {
  const queries = short ? 20 : 500;
  const sets = [wordSet(chosen.rows ?? (short ? 3_000 : 100_000), queries), clusteredSet(chosen.rows ?? (short ? 1_000 : 24_000), queries)];
  const rows: Cell[][] = [];
  const aims: Aim[] = [];
  for (const set of sets) {
    for (const index of indexes) {
      say(`${set.name}: ${index}`);
      using made = await make(set, 'cosine', index, join(scratch, set.name, index));
      const { search, slab, held, read, candidates } = measure(set, made);
      const longer = (other: number): number => (other - slab) / search;
      const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
      rows.push([set.name, set.rows, index, candidates, search, slab, held, percent(longer(held)), read, percent(longer(read))]);
      aims.push({
        what: `${set.name}, ${index}: a search is longer by this much where records are scored, held in memory beside no slab`,
        aimed: `> ${percent(slowerAim)}, or the slab goes`, measured: percent(longer(held)), met: longer(held) > slowerAim,
      });
    }
  }
  return {
    tables: [{
      title: 'One segment, k = 10, cosine: µs of a search on one thread; medians',
      columns: [
        'set', 'rows', 'index', 'candidates', 'search, as it is', 'of it: scored from the slab', 'scored from records in memory', 'search longer by',
        'scored from the records\' file', 'search longer by',
      ],
      rows,
      notes: [
        'From records: each candidate\'s bytes are walked, its vector is copied behind the others and normalised, then the same kernel scores all. In memory: '
          + 'one buffer a record, which is more than a segment keeps. File: in the page cache, one read a candidate, checksum included.',
        'The ways take turns, query by query.',
      ],
    }],
    aims,
  };
}

function measure(set: DataSet, { sealed }: Made): Measured {
  const { dimension, rows } = set;
  const records = Array.from({ length: rows }, (_, row) => sealed.view(row).bytes);
  const wanted = defaultsOf(sealed, recallTarget).ef ?? listCandidates;
  const scratch = new Slab({ dimension, rows: wanted, rowsMax: wanted });
  const times = { search: [] as number[], slab: [] as number[], held: [] as number[], read: [] as number[] };
  const timed = (into: number[], task: () => void): void => {
    const startedMs = performance.now();
    task();
    into.push((performance.now() - startedMs) * 1_000);
  };
  const fromRecords = (query: Float32Array, candidates: Uint32Array, view: (row: number) => RecordView): void => {
    candidates.forEach((row, at) => {
      const floats = scratch.row(at);
      view(row).copyVector(floats, 0);
      scratch.normalize(at);
    });
    scratch.scan('ip', query, candidates.length, k, null);
  };
  for (const given of set.queries) {
    const query = prepareQuery('cosine', given);
    const search = { metric: 'cosine', query, k, predicate: null, ef: null, recallTarget, nowMicros: 0, exact: false } as const;
    const nearest = searchSealed(sealed, { ...search, k: wanted, exact: true }).top.rows;
    // As a graph has them: not in the order of their rows.
    const candidates = sealed.graph?.candidates(query, wanted) ?? nearest;
    timed(times.search, () => { searchSealed(sealed, search); });
    timed(times.slab, () => { sealed.vectors.scanList('ip', query, candidates, k); });
    timed(times.held, () => { fromRecords(query, candidates, (row) => recordWalker.view(records[row] ?? new Uint8Array())); });
    timed(times.read, () => { fromRecords(query, candidates, (row) => sealed.view(row)); });
  }
  return { search: median(times.search), slab: median(times.slab), held: median(times.held), read: median(times.read), candidates: wanted };
}

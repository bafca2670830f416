/** `proximadb reindex`: builds a collection anew with other settings, while it is used. */
import { setTimeout as delay } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import { AppError } from '@proximadb/errors';
import type { IndexKind, Metric, Quantization, Reindex, StorageKind } from '@proximadb/schemas';
import type { Collection } from 'proximadb';
import { between, metrics, whole } from './arguments.ts';
import { connect, talking, withServer, type ServerOption } from './connection.ts';
import { count, duration } from './figures.ts';
import { startProgress, type ProgressState } from './progress.ts';
import { toJson } from './tables.ts';
import { colorsOf, say, type Streams } from './terminal.ts';

interface ReindexOptions extends ServerOption {
  readonly partitions?: number;
  readonly metric?: Metric;
  readonly quantization?: Quantization;
  readonly m?: number;
  readonly efConstruction?: number;
  readonly index?: IndexKind;
  readonly storage?: StorageKind;
  readonly recallTarget?: number;
  readonly abort?: boolean;
  readonly follow?: boolean;
  readonly json?: boolean;
}

/** Between two looks at how far it is. */
const lookMs = 100;

export function addReindex(program: Command, streams: Streams): void {
  withServer(program.command('reindex').description('build a collection anew with other settings, while it is used').argument('<collection>'))
    .option('--partitions <n>', 'parts that work side by side', whole(1, 256))
    .addOption(new Option('--metric <metric>', 'how near is measured; to cosine only from cosine').choices(metrics))
    .addOption(new Option('--quantization <kind>', 'numbers in the graph').choices(['f32', 'bf16', 'i8', 'b1']))
    .option('--m <n>', 'links a node of the graph', whole(2, 128))
    .option('--ef-construction <n>', 'breadth of the search while building', whole(8, 2048))
    .addOption(new Option('--index <kind>', 'hnsw: a graph; ivf: inverted lists; flat: every search is exact').choices(['hnsw', 'ivf', 'flat']))
    .addOption(new Option('--storage <kind>', 'memory: vectors are held in memory; disk: they are read from files').choices(['memory', 'disk']))
    .option('--recall-target <x>', 'share of the nearest that searches should find, more than 0.5 and less than 1', between(0.5, 1))
    .option('--abort', 'give up the one that is under way; the collection stays as it is')
    .option('--follow', 'begin nothing: show the one that is under way until it is done')
    .option('--json', 'answer in JSON, for programs')
    .addHelpText('after', `
What is not named stays as it is. Reads go on all the time, writes pause for a moment at the end. Versions and the collection's log
number change. The dimension cannot: for another model export the records, and import them with new vectors into a new collection.

Example:
  $ proximadb reindex words --partitions 12`)
    .action((collection: string, options: ReindexOptions) => talking(connect(options, streams), (db) => reindex(db.collection(collection), options, streams)));
}

async function reindex(collection: Collection, options: ReindexOptions, streams: Streams): Promise<void> {
  const { name } = collection;
  const { partitions, metric, index, storage, m, efConstruction, quantization, recallTarget } = options;
  if (options.abort === true) {
    await collection.abortReindex();
    say(streams.out, options.json === true ? toJson({ aborted: name }) : `The reindex of ${name} is given up; the collection is as it was.`);
    return;
  }
  if (options.follow !== true) await collection.reindex({ partitions, metric, index, hnsw: { m, efConstruction, quantization }, storage, recallTarget });
  const done = await follow(collection, streams);
  if (options.json === true) {
    say(streams.out, toJson(done));
    return;
  }
  const pauseMs = done.pauseMicros === null ? null : Number(done.pauseMicros) / 1000;
  const paused = pauseMs === null ? '' : ` Writes paused for at most ${duration(pauseMs)} (${Math.ceil(pauseMs)} ms).`;
  say(streams.out, `${name} is the new generation, log ${done.log}: ${count(done.copied)} records.${paused}`);
}

/** @throws AppError ABORTED if it is given up meanwhile. */
async function follow(collection: Collection, streams: Streams): Promise<Reindex> {
  let now = await collection.reindexing();
  const { log } = now;
  const from = stateOf(now);
  using progress = startProgress({ output: streams.err, colors: colorsOf(streams.err, streams.environment), unit: 'records', rowsTotal: null, from });
  while (now.state !== 'done') {
    await delay(lookMs);
    now = await again(collection, now);
    if (now.log !== log) throw new AppError('ABORTED', `the reindex of ${collection.name} was given up`);
    progress.update(stateOf(now));
  }
  return now;
}

/** A server that does not answer for a moment is asked again: the reindex goes on without us. */
async function again(collection: Collection, last: Reindex): Promise<Reindex> {
  try {
    return await collection.reindexing();
  } catch (error) {
    if (error instanceof AppError && error.code === 'NOT_FOUND') {
      throw new AppError('ABORTED', `the reindex of ${collection.name} was given up`, { cause: error });
    }
    if (error instanceof AppError && error.retryable) return last;
    throw error;
  }
}

function stateOf({ copied, live, state, partitions, caughtUp, drained }: Reindex): ProgressState {
  const share = live === 0n ? 1 : Math.min(1, Number(copied) / Number(live));
  const copying = state === 'copying' ? `${caughtUp} of ${partitions} partitions caught up` : undefined;
  const remark = copying ?? (state === 'closing' ? `${drained} of ${partitions} partitions drained` : 'done');
  return { share, rows: Number(copied), remark };
}

/** One file into a collection, with progress, a state to go on from, and a summary. */
import { randomBytes } from 'node:crypto';
import { AppError } from '@proximadb/errors';
import { count, counted, duration } from '../figures.ts';
import { startProgress } from '../progress.ts';
import { colorsOf, say, type Streams } from '../terminal.ts';
import { digestOf } from './digest.ts';
import { namesGiven, type ImportOptions } from './options.ts';
import { describeRefusal, Rejects } from './rejects.ts';
import { runImport, type Target } from './run.ts';
import { beginning, type Position, type Source } from './source.ts';
import { checkIdentity, readState, removeState, writeState, type ImportIdentity, type ImportState } from './state.ts';

export interface FileImport {
  readonly file: string;
  readonly source: Source;
  readonly target: Target;
  /** The collection's log number. */
  readonly log: string;
  readonly options: ImportOptions;
  readonly streams: Streams;
  readonly signal: AbortSignal;
}

export interface Summary {
  readonly file: string;
  /** Over all runs. */
  readonly imported: number;
  readonly refused: number;
}

const stateEveryMs = 250;

/** @throws AppError saying after how many rows it stopped; CANCELLED if the signal aborted. */
export async function importFile({ file, source, target, log, options, streams, signal }: FileImport): Promise<Summary> {
  const colors = colorsOf(streams.err, streams.environment);
  const isFile = file !== '-';
  const digest = isFile ? await digestOf(options.metadata === undefined ? [file] : [file, options.metadata], signal) : '';
  const identity: ImportIdentity = { collection: options.collection, log, digest, format: source.format, names: namesGiven(options) };
  const statePath = isFile ? options.state ?? `${file}.${options.collection}.import.json` : undefined;
  let state = startState(statePath, identity, options, streams);
  say(streams.err, `${colors.bold(file)} (${source.format}) → ${options.collection}${source.remark === null ? '' : colors.dim(`  ${source.remark}`)}`);
  if (statePath !== undefined) writeState(statePath, state);

  using rejects = new Rejects(file, options.rejects, state.rejectsBytes);
  const startedMs = performance.now();
  const { imported: before } = state;
  let savedMs = startedMs;
  const shown = (): { share: number | null; rows: number; remark: string } => ({
    share: shareOf(source, state.position), rows: state.position.rows, remark: [
      state.refused === 0 ? '' : colors.yellow(`${count(state.refused)} refused`), signal.aborted ? 'stopping: requests under way are waited for' : '',
    ].join('  ').trim(),
  });
  let complete: boolean;
  try {
    using progress = startProgress({ output: streams.err, colors, unit: 'rows', rowsTotal: source.rowsTotal, from: shown() });
    complete = await runImport({
      source, target, batchRows: state.batchRows, concurrency: options.concurrency, from: state, signal,
      requestPrefix: `${digest.slice(0, 16)}-${state.run}`,
      onAdvance({ batches, position, imported, refused }) {
        rejects.add(refused);
        state = {
          ...state, batches, position, imported: state.imported + imported, refused: state.refused + refused.length, rejectsBytes: rejects.bytes,
        };
        progress.update(shown());
        if (statePath === undefined || performance.now() - savedMs < stateEveryMs) return;
        savedMs = performance.now();
        writeState(statePath, state);
      },
    });
    if (complete) progress.update({ ...shown(), share: 1 });
  } catch (thrown) {
    if (statePath !== undefined) writeState(statePath, state);
    throw stoppedAt(thrown, state, statePath);
  }
  if (!complete) {
    if (statePath !== undefined) writeState(statePath, state);
    throw stoppedAt(new AppError('CANCELLED', 'stopped'), state, statePath);
  }
  if (statePath !== undefined) removeState(statePath);
  summarize(state, before, performance.now() - startedMs, rejects, options, streams);
  return { file, imported: state.imported, refused: state.refused };
}

function startState(path: string | undefined, identity: ImportIdentity, options: ImportOptions, streams: Streams): ImportState {
  const fresh: ImportState = {
    version: 1, identity, run: randomBytes(6).toString('hex'), batchRows: options.batch,
    batches: 0, position: beginning, imported: 0, refused: 0, rejectsBytes: 0,
  };
  if (path === undefined) return fresh;
  const found = readState(path);
  if (found === undefined) {
    if (options.resume === true) say(streams.err, `There is no ${path}, so nothing to go on with: it begins at the first row.`);
    return fresh;
  }
  if (options.resume !== true) {
    say(streams.err, `An earlier import stopped after ${counted(found.position.rows, 'row')}; it begins anew (--resume would go on).`);
    return fresh;
  }
  checkIdentity(path, found.identity, identity);
  say(streams.err, `Goes on after ${counted(found.position.rows, 'row')}.`);
  return found;
}

function shareOf({ rowsTotal, bytesTotal }: Source, position: Position): number | null {
  if (rowsTotal !== null) return rowsTotal === 0 ? 1 : position.rows / rowsTotal;
  if (bytesTotal === null) return null;
  return bytesTotal === 0 ? 1 : position.bytes / bytesTotal;
}

function stoppedAt(thrown: unknown, { position }: ImportState, statePath: string | undefined): unknown {
  if (!(thrown instanceof AppError)) return thrown;
  const next = statePath === undefined ? '' : '; the same command with --resume goes on';
  return new AppError(thrown.code, `after ${counted(position.rows, 'row')}: ${thrown.message}${next}`, {
    details: thrown.details, cause: thrown, ...(thrown.retryAfterMs === undefined ? {} : { retryAfterMs: thrown.retryAfterMs }),
  });
}

function summarize(state: ImportState, before: number, tookMs: number, rejects: Rejects, options: ImportOptions, streams: Streams): void {
  const colors = colorsOf(streams.err, streams.environment);
  const now = state.imported - before;
  const earlier = before === 0 ? '' : `, ${count(before)} of them earlier`;
  const rate = tookMs > 0 ? ` (${count((now / tookMs) * 1000)}/s)` : '';
  say(streams.err, `${colors.green('✓')} ${counted(state.imported, 'record')} imported${earlier} in ${duration(tookMs)}${rate}`);
  if (state.refused === 0) return;
  say(streams.err, colors.yellow(`! ${counted(state.refused, 'row')} refused:`));
  for (const row of rejects.first) say(streams.err, `    ${describeRefusal(row)}`);
  const more = state.refused - rejects.first.length;
  if (options.rejects !== undefined) say(streams.err, `  all of them are in ${options.rejects}`);
  else if (more > 0) say(streams.err, `    and ${count(more)} more (--rejects FILE has them all)`);
}

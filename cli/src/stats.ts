/** `proximadb stats`: what is in memory, sealed, building, dead, on disk, and how far each partition is. */
import type { Command } from 'commander';
import type { DiskSpace, SegmentStats, StatsResponse } from '@proximadb/schemas';
import { connect, talking, withServer, type ServerOption } from './connection.ts';
import { bytes, count } from './figures.ts';
import { facts, table, toJson } from './tables.ts';
import { colorsOf, say, type Streams } from './terminal.ts';

interface StatsOptions extends ServerOption {
  readonly segments?: boolean;
  readonly json?: boolean;
}

export function addStats(program: Command, streams: Streams): void {
  withServer(program.command('stats').description('what the server holds of a collection').argument('<collection>'))
    .option('--segments', 'every segment, too')
    .option('--json', 'answer in JSON, for programs')
    .addHelpText('after', '\nExample:\n  $ proximadb stats words --segments')
    .action(async (collection: string, options: StatsOptions) => {
      const answer = await talking(connect(options, streams), (db) => db.collection(collection).stats());
      say(streams.out, options.json === true ? toJson(answer) : statsText(answer, options.segments === true, streams));
    });
}

function statsText(answer: StatsResponse, withSegments: boolean, streams: Streams): string {
  const colors = colorsOf(streams.out, streams.environment);
  const { collection, records, growing, sealed, indexed, building, dead, lag, diskBytes, memoryBytes, partitions } = answer;
  const all = Number(growing) + Number(sealed);
  const share = all === 0 ? '' : ` (${Math.min(100, Math.floor((Number(indexed) / all) * 100))} %)`;
  const parts = [facts([
    ['collection', collection], ['records', count(records)], ['in memory', `${count(growing)} rows`], ['sealed', `${count(sealed)} rows`],
    ['indexed', `${count(indexed)} rows${share}`], ['building', `${count(building)} rows`], ['dead', `${count(dead)} rows`],
    ...spaceFacts(answer.space),
    ['lag', lag === 0n ? 'none' : `${count(lag)} log records`], ['on disk', bytes(diskBytes)], ['memory', bytes(memoryBytes)],
  ], colors)];
  parts.push(table([
    { title: 'partition', align: 'right' }, { title: 'state' }, { title: 'log', align: 'right' }, { title: 'applied', align: 'right' },
    { title: 'durable', align: 'right' }, { title: 'in memory', align: 'right' }, { title: 'segments', align: 'right' }, { title: 'malformed', align: 'right' },
    { title: 'live', align: 'right' }, { title: 'dead', align: 'right' }, { title: 'space', align: 'right' }, { title: 'written', align: 'right' },
  ], partitions.map((one) => [
    String(one.partition), one.reason === null ? one.state : `${one.state}: ${one.reason}`, `${count(one.start)}–${count(one.end)}`, count(one.watermark),
    count(one.durable), count(one.growing), String(one.segments.length), count(one.malformed),
    one.space === null ? '' : bytes(one.space.liveBytes), one.space === null ? '' : bytes(one.space.deadBytes),
    times(one.space?.spaceAmplification), times(one.space?.writeAmplification),
  ]), colors));
  const segments = partitions.flatMap(({ partition, segments: of }) => of.map((segment) => ({ partition, segment })));
  if (withSegments && segments.length > 0) {
    parts.push(table([
      { title: 'partition', align: 'right' }, { title: 'segment' }, { title: 'rows', align: 'right' }, { title: 'dead', align: 'right' },
      { title: 'index' }, { title: 'by default' }, { title: 'recall', align: 'right' }, { title: 'on disk', align: 'right' },
    ], segments.map(({ partition, segment }) => [
      String(partition), segment.id, count(segment.rows), count(segment.dead), indexOf(segment), byDefault(segment),
      segment.recall === null ? '' : segment.recall.toFixed(3), bytes(segment.bytes),
    ]), colors));
  }
  const refused = partitions.flatMap(({ partition, ledger }) => ledger.slice(-3).map((entry) => ({ partition, entry })));
  if (refused.length > 0) {
    parts.push(table([{ title: 'partition', align: 'right' }, { title: 'malformed at', align: 'right' }, { title: 'reason' }],
      refused.map(({ partition, entry: { offset, reason } }) => [String(partition), count(offset), reason]), colors));
  }
  return parts.join('\n\n');
}

function spaceFacts(space: DiskSpace | null): [string, string][] {
  if (space === null) return [];
  const { liveBytes, deadBytes, spaceAmplification, writtenBytes, sealedBytes, writeAmplification } = space;
  const beside = (factor: number | null, text: string): string => (factor === null ? '' : ` (${times(factor)} ${text})`);
  return [
    ['live', `${bytes(liveBytes)}${beside(spaceAmplification, 'of it on disk')}`], ['dead bytes', bytes(deadBytes)],
    ['written', `${bytes(writtenBytes)}${beside(writeAmplification, `the ${bytes(sealedBytes)} that were sealed`)}`],
  ];
}

/** 1.4×; empty where there is nothing to compare with. */
function times(factor: number | null | undefined): string {
  return factor === null || factor === undefined ? '' : `${factor.toFixed(factor < 10 ? 2 : 0)}×`;
}

function indexOf({ indexed, lists }: SegmentStats): string {
  if (!indexed) return 'none';
  return lists === null ? 'graph' : 'lists';
}

/** What is read for ten hits without a filter. */
function byDefault({ indexed, ef, listsRead, lists, recall }: SegmentStats): string {
  if (listsRead !== null && listsRead > 0 && lists !== null) return `${count(listsRead)} of ${count(lists)} lists`;
  if (ef !== null) return `ef ${count(ef)}`;
  if (!indexed) return '';
  return recall === 1 ? 'exact' : 'codes';
}

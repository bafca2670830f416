/** `proximadb stats`: what is in memory, sealed, building, dead, on disk, and how far each partition is. */
import type { Command } from 'commander';
import type { StatsResponse } from '@proximadb/schemas';
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
      const answer = await talking(connect(options, streams), (client) => client.stats({ collection }));
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
    ['lag', lag === 0n ? 'none' : `${count(lag)} log records`], ['on disk', bytes(diskBytes)], ['memory', bytes(memoryBytes)],
  ], colors)];
  parts.push(table([
    { title: 'partition', align: 'right' }, { title: 'state' }, { title: 'log', align: 'right' }, { title: 'applied', align: 'right' },
    { title: 'durable', align: 'right' }, { title: 'in memory', align: 'right' }, { title: 'segments', align: 'right' }, { title: 'malformed', align: 'right' },
  ], partitions.map((one) => [
    String(one.partition), one.reason === null ? one.state : `${one.state}: ${one.reason}`, `${count(one.start)}–${count(one.end)}`, count(one.watermark),
    count(one.durable), count(one.growing), String(one.segments.length), count(one.malformed),
  ]), colors));
  const segments = partitions.flatMap(({ partition, segments: of }) => of.map((segment) => ({ partition, segment })));
  if (withSegments && segments.length > 0) {
    parts.push(table([
      { title: 'partition', align: 'right' }, { title: 'segment' }, { title: 'rows', align: 'right' }, { title: 'dead', align: 'right' },
      { title: 'graph' }, { title: 'on disk', align: 'right' },
    ], segments.map(({ partition, segment }) => [
      String(partition), segment.id, count(segment.rows), count(segment.dead), segment.indexed ? 'yes' : 'no', bytes(segment.bytes),
    ]), colors));
  }
  const refused = partitions.flatMap(({ partition, ledger }) => ledger.slice(-3).map((entry) => ({ partition, entry })));
  if (refused.length > 0) {
    parts.push(table([{ title: 'partition', align: 'right' }, { title: 'malformed at', align: 'right' }, { title: 'reason' }],
      refused.map(({ partition, entry: { offset, reason } }) => [String(partition), count(offset), reason]), colors));
  }
  return parts.join('\n\n');
}

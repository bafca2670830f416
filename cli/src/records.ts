/** `proximadb get` and `proximadb search`: stored records and hits, as tables or JSON. */
import { Option, type Command } from 'commander';
import { invalid } from '@proximadb/errors';
import { metadataToJson, recordToJson, vectorToJson, type RecordView } from '@proximadb/record';
import { ReadOptions, type Explain, type Hit, type Include, type SearchResponse } from '@proximadb/schemas';
import { decimal, filterOf, vectorOf, whole } from './arguments.ts';
import { connect, recordSchema, talking, withServer, type RecordSchema, type ServerOption } from './connection.ts';
import { count, instant } from './figures.ts';
import { clipped, facts, table, toJson, type Column } from './tables.ts';
import { colorsOf, exitCodes, say, type Streams } from './terminal.ts';

interface GetOptions extends ServerOption {
  readonly collection: string;
  readonly json?: boolean;
}

interface SearchOptions extends ServerOption {
  readonly collection: string;
  readonly vector?: string;
  readonly id?: string;
  readonly k: number;
  readonly filter?: string;
  readonly include: readonly Include[];
  readonly offset?: number;
  readonly scoreThreshold?: number;
  readonly exact?: boolean;
  readonly ef?: number;
  readonly explain?: boolean;
  readonly allowPartial?: boolean;
  readonly json?: boolean;
}

export function addRecords(program: Command, streams: Streams): void {
  withServer(program.command('get').description('records by their ids').argument('<ids...>'))
    .requiredOption('-c, --collection <name>', 'where to look')
    .option('--json', 'answer in JSON, for programs')
    .addHelpText('after', '\nExample:\n  $ proximadb get king queen --collection words\n\nExit code 1 if one of them is not there.')
    .action((ids: string[], options: GetOptions) => get(ids, options, streams));
  withServer(program.command('search').description('the records nearest to a vector, or to a stored record'))
    .requiredOption('-c, --collection <name>', 'where to look')
    .option('--vector <json>', 'the vector: [0.1, 0.2]')
    .option('--id <id>', 'in its place: the vector of a stored record')
    .option('-k, --k <n>', 'hits', whole(1, 10_000), 10)
    .option('--filter <json>', 'only records whose metadata match: {"lang": "de", "year": {"$gte": 2020}}')
    .addOption(new Option('--include <what...>', 'what hits carry').choices(['metadata', 'vector']).default([]))
    .option('--offset <n>', 'leave out so many of the best', whole(0, 10_000))
    .option('--score-threshold <x>', 'leave out what scores lower', decimal)
    .option('--exact', 'compare with every record')
    .option('--ef <n>', 'candidates a graph is asked for: more is slower and finds more', whole(1, 1_000_000))
    .option('--explain', 'say what was searched, and what it cost')
    .option('--allow-partial', 'go without partitions that nobody can answer for, and say which')
    .option('--json', 'answer in JSON, for programs')
    .addHelpText('after', `
Examples:
  $ proximadb search --collection words --id king --k 5 --include metadata
  $ proximadb search --collection words --vector "[0.9, 0.1, 0]" --filter '{"length": {"$lte": 6}}' --explain`)
    .action((options: SearchOptions) => search(options, streams));
}

async function get(ids: readonly string[], options: GetOptions, streams: Streams): Promise<void> {
  const { collection } = options;
  const found = await talking(connect(options, streams), async ({ calls }) => {
    const [{ records }, schema] = [await calls.get({ collection, ids }), await recordSchema(calls)];
    return records.map(({ id, version, record }) => ({ id, version, view: schema.view(record) }));
  });
  const there = new Set(found.map(({ id }) => id));
  const missing = ids.filter((id) => !there.has(id));
  if (missing.length > 0) streams.exitWith(exitCodes.failed);
  if (options.json === true) {
    const records = found.map(({ version, view }) => recordToJson(view, { vector: true, metadata: true, version }));
    say(streams.out, `{"records":[${records.join()}],"missing":${JSON.stringify(missing)}}`);
    return;
  }
  const colors = colorsOf(streams.out, streams.environment);
  say(streams.out, found.map(({ view, version }) => facts(factsOf(view, version), colors)).join('\n\n'));
  for (const id of missing) say(streams.err, `There is no record ${JSON.stringify(id)} in ${collection}.`);
}

function factsOf(view: RecordView, version: string): [string, string][] {
  const entries: [string, string][] = [['id', view.id], ['version', version]];
  if (view.timestamp !== 0n) entries.push(['timestamp', instant(view.timestamp)]);
  if (view.expiresAt !== null) entries.push(['expires', instant(view.expiresAt)]);
  entries.push(['metadata', metadataToJson(view.readMetadata())], [`vector (${view.vectorLength})`, clipped(vectorToJson(view), 100)]);
  return entries;
}

async function search(options: SearchOptions, streams: Streams): Promise<void> {
  const { collection, id = null, k, include, offset = 0, scoreThreshold = null, exact = false, ef = null, explain = false } = options;
  const read = options.allowPartial === true ? ReadOptions.create({ allowPartial: true }) : null;
  if ((options.vector === undefined) === (id === null)) throw invalid('either --vector or --id is needed');
  const vector = options.vector === undefined ? new Float32Array() : vectorOf(options.vector);
  const filter = filterOf(options.filter);
  const { answer, schema } = await talking(connect(options, streams), async ({ calls }) => ({
    answer: await calls.search({ collection, vector, id, k, filter, offset, scoreThreshold, exact, ef, include, explain, read }),
    schema: include.length === 0 ? undefined : await recordSchema(calls),
  }));
  if (options.json === true) say(streams.out, searchJson(answer, include, schema));
  else showHits(answer, include, schema, streams);
}

function searchJson({ hits, token, explain, coverage, logAway }: SearchResponse, include: readonly Include[], schema: RecordSchema | undefined): string {
  const texts = hits.map((hit) => {
    const { id, score, distance, version } = hit;
    const view = viewOf(hit, schema);
    const head = JSON.stringify({ id, score, distance, version }).slice(0, -1);
    const vector = view !== undefined && include.includes('vector') ? `,"vector":${vectorToJson(view)}` : '';
    const metadata = view !== undefined && include.includes('metadata') ? `,"metadata":${metadataToJson(view.readMetadata())}` : '';
    return `${head}${vector}${metadata}}`;
  });
  const more = Object.entries({ explain, coverage, logAway }).flatMap(([name, value]) => (value === null ? [] : [`,"${name}":${toJson(value)}`]));
  return `{"hits":[${texts.join()}],"token":${JSON.stringify(token)}${more.join('')}}`;
}

function showHits({ hits, explain, coverage, logAway }: SearchResponse, include: readonly Include[], schema: RecordSchema | undefined, streams: Streams): void {
  const colors = colorsOf(streams.out, streams.environment);
  if (hits.length === 0) say(streams.out, 'No record matches.');
  else {
    const columns: Column[] = [{ title: '', align: 'right' }, { title: 'id' }, { title: 'score', align: 'right' }, { title: 'distance', align: 'right' }];
    const room = Math.max((streams.out.columns ?? 120) - 40, 40);
    for (const what of include) columns.push({ title: what });
    say(streams.out, table(columns, hits.map((hit, at) => {
      const view = viewOf(hit, schema);
      const carried = include.map((what) => (view === undefined ? '' : what === 'vector' ? vectorToJson(view) : metadataToJson(view.readMetadata())));
      return [colors.dim(String(at + 1)), clipped(hit.id, 60), hit.score.toFixed(4), hit.distance.toFixed(4), ...carried.map((text) => clipped(text, room))];
    }), colors));
  }
  if (explain !== null) say(streams.out, `\n${explainText(explain, streams)}`);
  for (const { partition, reason } of coverage?.missing ?? []) say(streams.err, `Partition ${partition} is not in the answer: ${reason}.`);
  if (logAway !== null) say(streams.err, `As of the last known state; what was written since may be missing: ${logAway}.`);
}

function explainText({ segments, totalMicros, waitedMicros }: Explain, streams: Streams): string {
  const rows = segments.map((one) => [
    String(one.partition), one.segment.slice(0, 12), count(one.rows), one.estimatedMatching === null ? '' : count(one.estimatedMatching),
    one.matching === null ? '' : count(one.matching), one.considered.map(({ strategy, micros }) => `${strategy} ${micros.toFixed(0)}`).join(', '),
    one.strategy.replaceAll('_', ' '), count(one.candidates),
    ...[one.filterMicros, one.searchMicros, one.rescoringMicros, one.micros].map((micros) => micros.toFixed(0)),
  ]);
  const head = table([
    { title: 'partition', align: 'right' }, { title: 'segment' }, { title: 'rows', align: 'right' }, { title: 'estimated', align: 'right' },
    { title: 'matching', align: 'right' }, { title: 'estimated µs' }, { title: 'strategy' }, { title: 'candidates', align: 'right' },
    { title: 'filter µs', align: 'right' }, { title: 'search µs', align: 'right' }, { title: 'rescoring µs', align: 'right' }, { title: 'µs', align: 'right' },
  ], rows, colorsOf(streams.out, streams.environment));
  return `${head}\n${(totalMicros / 1000).toFixed(2)} ms in the server, ${(waitedMicros / 1000).toFixed(2)} ms of it waiting`;
}

function viewOf(hit: Hit, schema: RecordSchema | undefined): RecordView | undefined {
  return hit.record === null || schema === undefined ? undefined : schema.view(hit.record);
}

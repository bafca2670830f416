/** `proximadb collections`: list, create, describe, update and delete them. */
import { Option, type Command } from 'commander';
import type { Collection, IndexKind, Metric, Quantization, StorageKind } from '@proximadb/schemas';
import { between, metrics, tag, whole } from './arguments.ts';
import { connect, talking, withServer, type ServerOption } from './connection.ts';
import { instant } from './figures.ts';
import { clipped, facts, table, toJson } from './tables.ts';
import { colorsOf, say, type Streams } from './terminal.ts';

interface Answering extends ServerOption {
  readonly json?: boolean;
}

interface CreateOptions extends Answering {
  readonly dimension: number;
  readonly metric?: Metric;
  readonly partitions?: number;
  readonly index?: IndexKind;
  readonly storage?: StorageKind;
  readonly m?: number;
  readonly efConstruction?: number;
  readonly quantization?: Quantization;
  readonly recallTarget?: number;
  readonly description?: string;
  readonly tag?: Record<string, string>;
}

interface UpdateOptions extends Answering {
  readonly description?: string;
  readonly tag?: Record<string, string>;
}

const example = `
Examples:
  $ proximadb collections list
  $ proximadb collections create words --dimension 100 --metric cosine
  $ proximadb collections describe words --json
  $ proximadb collections delete words`;

export function addCollections(program: Command, streams: Streams): void {
  const collections = program.command('collections').description('list, create, describe, update and delete collections').addHelpText('after', example);
  const sub = (text: string, description: string): Command =>
    withServer(collections.command(text).description(description)).option('--json', 'answer in JSON, for programs');

  sub('list', 'all collections').action((options: Answering) => list(options, streams));
  sub('create <name>', 'make a collection')
    .requiredOption('--dimension <n>', 'numbers in a vector, 1 to 4096', whole(1, 4096))
    .addOption(new Option('--metric <metric>', 'how near is measured; default cosine').choices(metrics))
    .option('--partitions <n>', 'parts that work side by side; default: the server\'s', whole(1, 256))
    .addOption(new Option('--index <kind>', 'hnsw (default): a graph; ivf: inverted lists; flat: every search is exact').choices(['hnsw', 'ivf', 'flat']))
    .addOption(new Option('--storage <kind>', 'memory (default): vectors are held in memory; disk: they are read from files').choices(['memory', 'disk']))
    .option('--m <n>', 'links a node of the graph; default 16', whole(2, 128))
    .option('--ef-construction <n>', 'breadth of the search while building; default 128', whole(8, 2048))
    .addOption(new Option('--quantization <kind>', 'numbers in the graph; default: what suits the metric').choices(['f32', 'bf16', 'i8', 'b1']))
    .option('--recall-target <x>', 'share of the nearest that searches should find, more than 0.5 and less than 1; default 0.95', between(0.5, 1))
    .option('--description <text>', 'for people')
    .option('--tag <name=value>', 'any number of times', tag)
    .addHelpText('after', '\nExample:\n  $ proximadb collections create words --dimension 100 --metric cosine')
    .action((name: string, options: CreateOptions) => create(name, options, streams));
  sub('describe <name>', 'the settings of one').action((name: string, options: Answering) => describe(name, options, streams));
  sub('update <name>', 'change description and tags')
    .option('--description <text>', 'in place of the old one')
    .option('--tag <name=value>', 'all tags anew, in place of the old ones; any number of times', tag)
    .action((name: string, options: UpdateOptions) => update(name, options, streams));
  sub('delete <name>', 'delete one with all its records').action((name: string, options: Answering) => remove(name, options, streams));
}

async function list(options: Answering, streams: Streams): Promise<void> {
  const collections = await talking(connect(options, streams), (db) => db.listCollections());
  if (options.json === true) {
    say(streams.out, toJson({ collections }));
    return;
  }
  if (collections.length === 0) {
    say(streams.out, 'There are no collections. Make one: proximadb collections create NAME --dimension N');
    return;
  }
  const rows = collections.map((one) => [
    one.name, String(one.dimension), one.metric, indexOf(one), String(one.partitions), instant(one.createdAt).slice(0, 16), clipped(one.description, 40),
  ]);
  say(streams.out, table([
    { title: 'collection' }, { title: 'dimension', align: 'right' }, { title: 'metric' }, { title: 'index' }, { title: 'partitions', align: 'right' },
    { title: 'made' }, { title: 'description' },
  ], rows, colorsOf(streams.out, streams.environment)));
}

async function create(name: string, options: CreateOptions, streams: Streams): Promise<void> {
  const { dimension, metric, partitions, index, storage, m, efConstruction, quantization, recallTarget, description, tag: tags } = options;
  const settings = { dimension, metric, partitions, index, storage, hnsw: { m, efConstruction, quantization }, recallTarget, description, tags };
  show(await talking(connect(options, streams), async (db) => (await db.createCollection({ name, ...settings })).describe()), options, streams);
}

async function describe(collection: string, options: Answering, streams: Streams): Promise<void> {
  show(await talking(connect(options, streams), (db) => db.collection(collection).describe()), options, streams);
}

async function update(collection: string, options: UpdateOptions, streams: Streams): Promise<void> {
  const { description, tag: tags } = options;
  show(await talking(connect(options, streams), (db) => db.collection(collection).update({ description, tags })), options, streams);
}

async function remove(collection: string, options: Answering, streams: Streams): Promise<void> {
  await talking(connect(options, streams), (db) => db.deleteCollection(collection));
  say(streams.out, options.json === true ? toJson({ deleted: collection }) : `${collection} is deleted.`);
}

function indexOf({ index, hnsw }: Collection): string {
  return index !== 'hnsw' ? index : `hnsw ${hnsw.quantization ?? ''}`.trim();
}

function show(one: Collection, options: Answering, streams: Streams): void {
  if (options.json === true) {
    say(streams.out, toJson(one));
    return;
  }
  const { name, dimension, metric, partitions, index, hnsw, storage, recallTarget, description, tags, log, createdAt } = one;
  const entries: [string, string][] = [
    ['collection', name], ['dimension', String(dimension)], ['metric', metric], ['partitions', String(partitions)],
    ['index', index !== 'hnsw' ? index : `hnsw, m ${hnsw.m}, efConstruction ${hnsw.efConstruction}, ${hnsw.quantization ?? 'f32'}`],
    ['storage', storage], ['recall target', String(recallTarget)], ['log', String(log)], ['made', instant(createdAt)],
  ];
  if (description !== '') entries.push(['description', description]);
  for (const [key, value] of Object.entries(tags)) entries.push([`tag ${key}`, value]);
  say(streams.out, facts(entries, colorsOf(streams.out, streams.environment)));
}

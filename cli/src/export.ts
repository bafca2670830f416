/** `proximadb export`: the records of a collection into an Avro file, byte for byte, or as lines of JSON. */
import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { Option, type Command } from 'commander';
import { AppError, invalid } from '@proximadb/errors';
import { stopOnSignals } from '@proximadb/process';
import { recordToJson, wireHeaderBytes, wireSchemaId } from '@proximadb/record';
import type { StoredRecord } from '@proximadb/schemas';
import type { UnaryCalls } from 'proximadb';
import { filterOf } from './arguments.ts';
import { connect, recordSchema, talking, withServer, type RecordSchema, type ServerOption } from './connection.ts';
import { ContainerWriter } from './container/container-writer.ts';
import { counted, duration } from './figures.ts';
import { exportKeys } from './import/avro.ts';
import { startProgress } from './progress.ts';
import { toJson } from './tables.ts';
import { colorsOf, say, throwIfStopped, write, type Streams } from './terminal.ts';

interface ExportOptions extends ServerOption {
  readonly collection: string;
  readonly format: 'avro' | 'jsonl';
  readonly output?: string;
  readonly filter?: string;
  readonly json?: boolean;
}

/** Where the records go. */
interface Writer {
  add(record: StoredRecord): Promise<void>;
  end(): Promise<void>;
}

type Sink = (bytes: Uint8Array | string) => Promise<void>;

const pageRecords = 1_000;

export function addExport(program: Command, streams: Streams): void {
  withServer(program.command('export').description('the records of a collection into a file, in the order of their ids'))
    .requiredOption('-c, --collection <name>', 'whose records')
    .addOption(new Option('--format <format>', 'avro: an object container file of the stored bytes; jsonl: records as REST has them').choices(['avro', 'jsonl'])
      .default('jsonl'))
    .option('-o, --output <file>', 'default: standard output')
    .option('--filter <json>', 'only records whose metadata match: {"lang": "de"}')
    .option('--json', 'the summary in JSON on standard output; goes with --output')
    .addHelpText('after', `
A record that lives and matches throughout comes exactly once; one that changes meanwhile comes or not.

Examples:
  $ proximadb export --collection words --format avro --output words.avro
  $ proximadb export --collection words --filter '{"length": {"$lte": 3}}' | head`)
    .action((options: ExportOptions) => exportRecords(options, streams));
}

async function exportRecords(options: ExportOptions, streams: Streams): Promise<void> {
  const { collection, format, output } = options;
  if (options.json === true && output === undefined) throw invalid('goes with --output: standard output has the records', { field: '--json' });
  const filter = filterOf(options.filter);
  const { err } = streams;
  if (format === 'avro' && output === undefined && streams.out.isTTY === true) throw invalid('is needed: Avro is no text', { field: '--output' });
  using stop = stopOnSignals(streams.signals);
  const startedMs = performance.now();
  const records = await talking(connect(options, streams), async ({ calls }) => {
    const schema = await recordSchema(calls);
    const { dimension, metric } = await calls.getCollection({ collection });
    const { count } = await calls.count({ collection, filter });
    const total = Number(count);
    await using sink = output === undefined ? standardOutput(streams) : openFile(output);
    const header = { [exportKeys.collection]: collection, [exportKeys.dimension]: String(dimension), [exportKeys.metric]: metric };
    const writer = format === 'avro' ? avroWriter(schema, header, sink.send) : jsonWriter(schema, sink.send);
    // A pipe's reader wants no bar between the lines of a terminal.
    using progress = output === undefined ? undefined
      : startProgress({ output: err, colors: colorsOf(err, streams.environment), unit: 'records', rowsTotal: total, from: { share: 0, rows: 0 } });
    let done = 0;
    for await (const record of pages(calls, collection, filter, stop.signal)) {
      await writer.add(record);
      done += 1;
      progress?.update({ share: total === 0 ? 1 : Math.min(done / total, 1), rows: done });
    }
    await writer.end();
    await sink.finish();
    progress?.update({ share: 1, rows: done });
    return done;
  });
  if (options.json === true) say(streams.out, toJson({ collection, format, output, records }));
  else if (output !== undefined) say(err, `✓ ${counted(records, 'record')} exported to ${output} in ${duration(performance.now() - startedMs)}`);
}

async function* pages(calls: UnaryCalls, collection: string, filter: ReturnType<typeof filterOf>, signal: AbortSignal): AsyncGenerator<StoredRecord> {
  let cursor: string | null = null;
  do {
    throwIfStopped(signal);
    const page: Awaited<ReturnType<UnaryCalls['scroll']>> = await calls.scroll({ collection, filter, limit: pageRecords, cursor }, { signal });
    yield* page.records;
    ({ cursor } = page);
  } while (cursor !== null);
}

/** The stored bytes without the 5 of the wire header, which are this installation's. */
function avroWriter({ schemaId, text }: RecordSchema, header: Readonly<Record<string, string>>, send: Sink): Writer {
  const container = new ContainerWriter(text, header, send);
  return {
    async add({ id, record }) {
      const found = wireSchemaId(record);
      if (found !== schemaId) {
        throw new AppError('UNIMPLEMENTED', `record ${JSON.stringify(id)} is written in schema ${found}, the file in schema ${schemaId}`);
      }
      await container.add(record.subarray(wireHeaderBytes));
    },
    end: () => container.end(),
  };
}

function jsonWriter(schema: RecordSchema, send: Sink): Writer {
  return {
    add: ({ record }) => send(`${recordToJson(schema.view(record), { vector: true, metadata: true })}\n`),
    async end() {},
  };
}

interface Destination extends AsyncDisposable {
  readonly send: Sink;
  finish(): Promise<void>;
}

function standardOutput({ out }: Streams): Destination {
  return { send: (bytes) => write(out, bytes), async finish() {}, async [Symbol.asyncDispose]() {} };
}

/** Takes the file's name only once it is whole. */
function openFile(path: string): Destination {
  const temporary = `${path}.part`;
  const stream = createWriteStream(temporary);
  let failed: Error | undefined;
  stream.on('error', (error) => { failed = error; });
  let whole = false;
  return {
    async send(bytes) {
      if (failed !== undefined) throw failed;
      if (!stream.write(bytes)) await Promise.race([once(stream, 'drain'), once(stream, 'close')]);
    },
    async finish() {
      stream.end();
      await finished(stream);
      if (failed !== undefined) throw failed;
      renameSync(temporary, path);
      whole = true;
    },
    async [Symbol.asyncDispose]() {
      if (whole) return;
      stream.destroy();
      rmSync(temporary, { force: true });
    },
  };
}

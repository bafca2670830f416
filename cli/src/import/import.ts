/** `proximadb import`: files of records or vectors into a collection. */
import { Option, type Command } from 'commander';
import { invalid } from '@proximadb/errors';
import { stopOnSignals } from '@proximadb/process';
import { metrics, whole } from '../arguments.ts';
import { connect, talking, withServer } from '../connection.ts';
import { toJson } from '../tables.ts';
import { exitCodes, say, type Streams } from '../terminal.ts';
import { importFile, type Summary } from './import-file.ts';
import { openSource } from './open-source.ts';
import type { ImportOptions } from './options.ts';
import { formats } from './source.ts';
import { openTarget } from './target.ts';

export function addImport(program: Command, streams: Streams): void {
  withServer(program.command('import').description('files of records or vectors into a collection (- for standard input)').argument('<files...>'))
    .requiredOption('-c, --collection <name>', 'where they go')
    .option('--create', 'make the collection if it is not there')
    .option('--dimension <n>', 'of the collection that is made; default: that of the first row', whole(1, 4096))
    .addOption(new Option('--metric <metric>', 'of the collection that is made; default cosine').choices(metrics))
    .addOption(new Option('--format <format>', 'default: by the name of the file').choices(formats))
    .option('--metadata <file>', 'npy, fvecs: a line of JSON a row with its id and metadata')
    .option('--id-field <name>', 'the field that is the id; what has no meaning of its own is metadata')
    .option('--vector-field <name>', 'the field that is the vector')
    .option('--batch <n>', 'rows of a request', whole(1, 10_000), 500)
    .option('--concurrency <n>', 'requests under way', whole(1, 64), 4)
    .option('--resume', 'go on where an earlier run of the same import stopped')
    .option('--state <file>', 'how far it has come; default: FILE.COLLECTION.import.json')
    .option('--rejects <file>', 'refused rows as lines of JSON: {file, row, id?, field?, reason}')
    .option('--json', 'the summary in JSON, for programs')
    .addHelpText('after', `
Formats:
  jsonl    {"id": "a", "vector": [1, 0], "metadata": {"lang": "en"}, "timestamp"?, "expiresAt"?} (as REST has it), or any objects with --id-field
  npy      NumPy, two dimensions, 32- or 64-bit floats; ids and metadata from --metadata
  fvecs    rows of a length and 32-bit floats; the same
  parquet  a column id, a list column vector, all others are metadata
  avro     object container files: our own records byte for byte, those of others by field

Examples:
  $ proximadb import words.jsonl --collection words --create
  $ proximadb import glove.npy --metadata words.jsonl --collection glove --create --metric cosine
  $ proximadb import big.parquet --collection docs --id-field key --vector-field embedding --rejects refused.jsonl
  $ proximadb import big.parquet --collection docs --id-field key --vector-field embedding --resume

Exit code 1 if a row was refused; all others are imported.`)
    .action((files: string[], options: ImportOptions) => importFiles(files, options, streams));
}

async function importFiles(files: readonly string[], options: ImportOptions, streams: Streams): Promise<void> {
  checkOptions(files, options);
  using stop = stopOnSignals(streams.signals);
  // A server that is not there at all is soon said to be so; one that restarts later on is waited for.
  await talking(connect(options, streams), ({ calls }) => calls.getSchema({ name: 'VectorRecord' }));
  const connection = connect(options, streams, { timeoutMs: 120_000, attemptsMax: 40 });
  const summaries: Summary[] = [];
  await talking(connection, async (db) => {
    for (const file of files) {
      await using source = await openSource(file, options, streams, stop.signal);
      const { target, log } = await openTarget(db, source, options, streams);
      summaries.push(await importFile({ file, source, target, log, options, streams, signal: stop.signal }));
    }
  });
  if (options.json === true) say(streams.out, toJson({ collection: options.collection, files: summaries }));
  if (summaries.some(({ refused }) => refused > 0)) streams.exitWith(exitCodes.failed);
}

function checkOptions(files: readonly string[], options: ImportOptions): void {
  const several = files.length > 1;
  if (several && options.state !== undefined) throw invalid('goes with one file', { field: '--state' });
  if (several && options.rejects !== undefined) throw invalid('goes with one file', { field: '--rejects' });
  if (several && options.metadata !== undefined) throw invalid('goes with one file', { field: '--metadata' });
  if (files.includes('-') && options.resume === true) throw invalid('standard input cannot be read again', { field: '--resume' });
  if (options.create !== true && (options.dimension !== undefined || options.metric !== undefined)) {
    throw invalid('goes with --create', { field: options.dimension === undefined ? '--metric' : '--dimension' });
  }
}

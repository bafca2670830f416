/** `proximadb inspect`: what is on a disk, without a server. */
import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '@proximadb/errors';
import { manifestFile } from '@proximadb/segment';
import { whole } from '../arguments.ts';
import { isContainer } from '../container/container-reader.ts';
import { exitCodes, type Streams } from '../terminal.ts';
import { inspectAvro } from './avro-file.ts';
import { inspectLog, type LogQuestion } from './log.ts';
import { inspectManifest } from './manifest.ts';
import { inspectSegment, rowsFile } from './segment.ts';
import { showView, type View } from './view.ts';

interface InspectOptions extends LogQuestion {
  readonly verify?: boolean;
  readonly json?: boolean;
}

export function addInspect(program: Command, streams: Streams): void {
  program.command('inspect').description('what is in a data folder, a log, a shard, a segment or an Avro file, without a server').argument('<path>')
    .option('--topic <name>', 'of a log: the records of a topic')
    .option('--partition <n>', 'of them those of one partition', whole(0, 255))
    .option('--from <offset>', 'of them those from an offset on', whole(0, Number.MAX_SAFE_INTEGER))
    .option('--limit <n>', 'records shown', whole(0, 1_000_000), 20)
    .option('--verify', 'of a segment: check every record, and every file against the manifest')
    .option('--json', 'answer in JSON, for programs')
    .addHelpText('after', `
Nothing is written. A log that a server has open is read beside it.

Examples:
  $ proximadb inspect data
  $ proximadb inspect data --topic proximadb-words-4 --partition 0 --limit 5
  $ proximadb inspect data/shards/4/0
  $ proximadb inspect data/shards/4/0/segments/* --verify
  $ proximadb inspect words.avro --json

Exit code 1 if something does not hold.`)
    .action(async (path: string, options: InspectOptions) => {
      const view = await look(path, options);
      showView(view, options.json === true, streams);
      if (view.problems.length > 0) streams.exitWith(exitCodes.failed);
    });
}

async function look(path: string, options: InspectOptions): Promise<View> {
  const has = (name: string): boolean => existsSync(join(path, name));
  if (!statSync(path).isDirectory()) {
    if (basename(path) === manifestFile) return inspectManifest(path);
    if (await isContainer(path)) return inspectAvro(path, options.limit);
    throw new AppError('INVALID_ARGUMENT', `${path} is no Avro object container file; a data folder, a log, a shard or a segment is a folder`);
  }
  if (has(rowsFile)) return inspectSegment(path, options.limit, options.verify === true);
  if (has(manifestFile)) return inspectManifest(join(path, manifestFile));
  if (has('data.mdb')) return inspectLog(path, null, options);
  if (has(join('log', 'data.mdb'))) return inspectLog(join(path, 'log'), path, options);
  throw new AppError('NOT_FOUND', `${path} is neither a data folder, nor a log, a shard or a segment of ProximaDB`);
}

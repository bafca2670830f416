/** A segment's folder: its files against the manifest that names it, its rows, and whether each record's checksum holds. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AppError, AssertionError } from '@proximadb/errors';
import { crc32c } from '@proximadb/log';
import { compileWalker, metadataToJson, wireSchemaId, type RecordView, type Walker } from '@proximadb/record';
import type { SegmentEntry } from '@proximadb/schemas';
import { decodeRows, manifestFile, viewRows } from '@proximadb/segment';
import { ContainerReader } from '../container/container-reader.ts';
import { bytes, count, instant } from '../figures.ts';
import { clipped, exactJson } from '../tables.ts';
import { manifestIn } from './manifest.ts';
import { leftOut, type View } from './view.ts';

export const rowsFile = 'rows.bin';

type Rows = ReturnType<typeof viewRows>;

interface Container {
  readonly file: FileHandle;
  readonly walker: Walker;
}

export async function inspectSegment(directory: string, limit: number, verify: boolean): Promise<View> {
  const rows = readRows(join(directory, rowsFile));
  const entry = await entryFor(directory);
  const ended = entry === undefined ? new Set<number>() : new Set(decodeRows(entry.ended));
  const problems: string[] = [];
  const files = await filesOf(directory, rows, entry, verify, problems);
  await using containers = await openContainers(directory, rows);
  const shown: { row: number; offset: number; id: string; bytes: number; schemaId: number; expires: number | null; live: boolean; metadata: string }[] = [];
  for (let row = 0; row < rows.count && (verify || row < limit); row += 1) {
    const view = await readRow(containers.opened, rows, row, problems);
    if (row >= limit || view === undefined) continue;
    const expires = rows.expires[row] ?? Infinity;
    shown.push({
      row, offset: rows.offsets[row] ?? 0, id: view.id, bytes: view.bytes.length, schemaId: wireSchemaId(view.bytes),
      expires: expires === Infinity ? null : expires, live: !ended.has(row), metadata: metadataToJson(view.readMetadata()),
    });
  }
  const [first = 0, last = 0] = [rows.offsets.reduce((a, b) => Math.min(a, b), Infinity), rows.offsets.reduce((a, b) => Math.max(a, b), 0)];
  const expiring = rows.expires.reduce((sum, expires) => sum + (expires === Infinity ? 0 : 1), 0);
  return {
    kind: 'segment',
    facts: [
      ['segment', basename(directory)],
      ['rows', `${count(rows.count)}${ended.size > 0 ? `, ${count(ended.size)} of them ended` : ''}${expiring > 0 ? `, ${count(expiring)} expire` : ''}`],
      ['offsets', `${count(first)} to ${count(last)}`], ['manifest', entry === undefined ? 'none beside it names it' : 'names it'],
      ['checked', verify ? 'every record and file' : 'the records shown (--verify: all of them, and the files)'],
    ],
    json: { segment: basename(directory), rows: rows.count, ended: ended.size, expiring, firstOffset: first, lastOffset: last, verified: verify },
    sections: [
      {
        name: 'files', json: files, columns: [{ title: 'file' }, { title: 'bytes', align: 'right' }, { title: 'holds' }],
        rows: files.map((file) => [file.name, bytes(file.bytes), file.holds]),
      },
      {
        name: 'records', json: shown.map((one) => ({ ...one, metadata: exactJson(one.metadata) })), ...leftOut(shown.length, rows.count, 'rows'),
        columns: [{ title: 'row', align: 'right' }, { title: 'offset', align: 'right' }, { title: 'id' }, { title: 'bytes', align: 'right' },
          { title: 'schema', align: 'right' }, { title: '' }, { title: 'metadata' }],
        rows: shown.map((one) => [
          count(one.row), count(one.offset), clipped(one.id, 32), count(one.bytes), String(one.schemaId),
          one.live ? (one.expires === null ? '' : `until ${instant(one.expires)}`) : 'ended', clipped(one.metadata, 70),
        ]),
      },
    ],
    problems,
  };
}

/** @throws AppError DATA_LOSS if the file is not one of rows. */
function readRows(path: string): Rows {
  const content = readFileSync(path);
  const aligned = new Uint8Array(content.length);
  aligned.set(content);
  try {
    return viewRows(aligned);
  } catch (thrown) {
    if (!(thrown instanceof AssertionError || thrown instanceof RangeError)) throw thrown;
    throw new AppError('DATA_LOSS', `${path} is damaged: ${thrown.message}`);
  }
}

/** What the manifest two folders above says of it. */
async function entryFor(directory: string): Promise<SegmentEntry | undefined> {
  const shard = join(directory, '..', '..');
  if (!existsSync(join(shard, manifestFile))) return undefined;
  return (await manifestIn(shard)).segments.find(({ id }) => id === basename(directory));
}

async function filesOf(
  directory: string, rows: Rows, entry: SegmentEntry | undefined, verify: boolean, problems: string[],
): Promise<{ name: string; bytes: number; holds: string }[]> {
  const purposes: Readonly<Record<string, string>> = {
    [rowsFile]: 'what is known of each row', 'vectors.f32': 'vectors in full precision', 'ids.bin': 'where an id is, and the order of ids',
    'id-bytes.bin': 'ids, held in memory', 'columns.bin': 'indexes of the metadata', 'graph.usearch': 'the graph',
    'lists.bin': 'where lists begin, their centroids', 'codes.bin': '7-bit codes of vectors, in lists', 'signs.bin': 'codes of one bit a number',
  };
  const containers = Array.from({ length: containerCount(rows) }, (_, number) => `records-${number}.avro`);
  const names = [...containers, ...Object.keys(purposes)].filter((name) => existsSync(join(directory, name)));
  const wanted = entry === undefined ? [] : [...entry.files, ...(entry.graph === null ? [] : [entry.graph])];
  for (const { name, bytes: size, crc32c: checksum } of wanted) {
    const path = join(directory, name);
    if (!existsSync(path)) problems.push(`${name} is missing, although the manifest names it`);
    else if (statSync(path).size !== size) problems.push(`${name} has ${statSync(path).size} bytes, the manifest says ${size}`);
    else if (verify && await checksumOf(path) !== checksum) problems.push(`${name} fails the checksum of the manifest`);
  }
  return names.map((name) => ({ name, bytes: statSync(join(directory, name)).size, holds: purposes[name] ?? 'the records\' very bytes' }));
}

function containerCount(rows: Rows): number {
  return rows.files.reduce((most, file) => Math.max(most, file + 1), 0);
}

async function checksumOf(path: string): Promise<number> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  // A segment's file is read whole by the server, too.
  const content = Buffer.alloc(size);
  for (let at = 0; at < size;) {
    const { bytesRead } = await file.read(content, at, Math.min(size - at, 1 << 28), at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return crc32c(content);
}

async function openContainers(directory: string, rows: Rows): Promise<AsyncDisposable & { readonly opened: readonly Container[] }> {
  await using stack = new AsyncDisposableStack();
  const opened: Container[] = [];
  for (let number = 0; number < containerCount(rows); number += 1) {
    const path = join(directory, `records-${number}.avro`);
    const walker = await walkerOf(path);
    opened.push({ walker, file: stack.use(await open(path, 'r')) });
  }
  const moved = stack.move();
  return { opened, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

async function walkerOf(path: string): Promise<Walker> {
  await using reader = await ContainerReader.open(path);
  const { fields } = JSON.parse(reader.schema) as { readonly fields?: readonly { readonly type: unknown }[] };
  return compileWalker(fields?.[1]?.type);
}

async function readRow(containers: readonly Container[], rows: Rows, row: number, problems: string[]): Promise<RecordView | undefined> {
  const container = containers[rows.files[row] ?? 0];
  if (container === undefined) return undefined;
  const datum = Buffer.alloc(rows.lengths[row] ?? 0);
  await container.file.read(datum, 0, datum.length, rows.positions[row] ?? 0);
  if (crc32c(datum) === rows.checksums[row]) return container.walker.view(datum);
  if (problems.length < 100) problems.push(`row ${row} (offset ${rows.offsets[row] ?? 0}) fails its checksum`);
  return undefined;
}

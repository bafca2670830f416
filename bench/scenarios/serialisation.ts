/** What it costs to bring a record from the received message into the log, by four ways. */
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Aim, Cell, Report } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import type { PathResult, SerialisationCase, SerialisationResult } from '../serialisation/case.ts';

const dimension = 768;
const serialisationAim = 75;
const appendAim = 60;

export const serialisation: Scenario = { name: 'serialisation', title: 'Serialisation: four ways into the log', run };

const main = join(import.meta.dirname, '..', 'processes', 'serialisation.main.ts');

async function measure(given: SerialisationCase): Promise<SerialisationResult> {
  const flags = ['--no-warnings', '--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, main, JSON.stringify(given)], { maxBuffer: 1 << 24 });
  rmSync(given.directory, { recursive: true, force: true });
  return JSON.parse(stdout) as SerialisationResult;
}

interface Measured {
  readonly fields: number;
  readonly batch: number;
  readonly paths: SerialisationResult;
}

async function run({ short, scratch, say }: BenchOptions): Promise<Report> {
  const sizes = { rounds: short ? 1 : 15, warmups: short ? 0 : 5, looks: short ? 5 : 25, directory: join(scratch, 'logs') };
  const cases: Measured[] = [];
  for (const fields of [0, 5]) {
    for (const batch of short ? [1, 100] : [1, 100, 1_000]) {
      say(`${fields} fields, batches of ${batch}`);
      const repeats = short ? 1 : 3;
      const appends = short ? 2 : batch === 1 ? 150 : 2_000 / batch;
      const records = short ? Math.max(batch, 200) : 2_000;
      cases.push({ fields, batch, paths: await measure({ dimension, fields, batch, records, repeats, appends, ...sizes }) });
    }
  }
  // The same with almost no payload: what a path allocates beyond this, it allocates for what is in the records.
  say('allocation without a payload');
  const empty = await measure({ dimension: 4, fields: 0, batch: 100, records: 1_000, repeats: 1, appends: 1, ...sizes });
  return { tables: [costs(cases), ratios(cases), allocation(cases, empty)], aims: aimsOf(cases, empty) };
}

function costs(cases: readonly Measured[]): Report['tables'][number] {
  return {
    title: `µs a record, ${dimension}-d; medians`,
    columns: ['path', 'fields', 'batch', 'bytes', 'convert', 'log entry', 'append, flushed', 'append, not flushed', 'received → durable'],
    rows: cases.flatMap(({ fields, batch, paths }) => Object.entries(paths).map(([name, path]): Cell[] =>
      [name, fields, batch, Math.round(path.bytes), path.convertMicros, path.entriesMicros, path.durableMicros, path.unsyncedMicros, wholeOf(path)])),
    notes: [
      'Convert: from the received gRPC message to the bytes that the log keeps. (a): typed protobuf is decoded, wrapped twice, JSON.stringify, Buffer. '
        + '(b): typed protobuf is decoded, an object is built, avsc encodes it with a compiled type. (c): the request is decoded to views, every record is '
        + 'walked and validated, ids are checked for duplicates. (d): as (c), and each record becomes an Avro container file with its schema. '
        + '(a) and (b) validate nothing.',
      'Log entry: partition, CRC32C of the value and write header, by the gateway\'s code for all four.',
      'Append, flushed: EmbeddedLog.append, one request after the other, each awaited until it is on the disk. '
        + 'Not flushed: a transaction of LMDB (noSync) a request, values only, on the calling thread.',
    ],
  };
}

function ratios(cases: readonly Measured[]): Report['tables'][number] {
  const less = (ours: number, theirs: number): string => `${((1 - ours / theirs) * 100).toFixed(0)} %`;
  return {
    title: '(c) takes less than (a), (b), (d) by',
    columns: ['than', 'fields', 'batch', 'convert', 'convert + log entry', 'append, flushed', 'append, not flushed', 'received → durable'],
    rows: cases.flatMap(({ fields, batch, paths }) => {
      const ours = oursOf(paths);
      return Object.entries(paths).filter(([, path]) => path !== ours).map(([name, path]): Cell[] => [
        name, fields, batch, less(ours.convertMicros, path.convertMicros), less(serialiseOf(ours), serialiseOf(path)),
        less(ours.durableMicros, path.durableMicros), less(ours.unsyncedMicros, path.unsyncedMicros), less(wholeOf(ours), wholeOf(path)),
      ]);
    }),
    notes: ['(b) appends the very bytes that (c) appends, so its append alone cannot differ but by chance; what differs is the way there.'],
  };
}

function allocation(cases: readonly Measured[], empty: SerialisationResult): Report['tables'][number] {
  const rows = cases.filter(({ batch }) => batch === 100).flatMap(({ fields, paths }) => Object.entries(paths).map(([name, path]): Cell[] => [
    name, fields, Math.round(path.heapBytes), Math.round(path.bufferBytes), Math.round(payloadBytes(path, empty[name])),
  ]));
  return {
    title: 'Bytes allocated a record by the conversion, batches of 100',
    columns: ['path', 'fields', 'on the heap', 'in buffers', 'of both, for the payload'],
    rows,
    notes: [
      'process.memoryUsage() (heapUsed, arrayBuffers) before and after 500 records in a process whose young generation takes all of it '
        + '(--expose-gc, semi-spaces of 256 MiB); looks with a collection between them are thrown away; the least (of buffers the median) of up to 25.',
      'For the payload: more than the same path allocates for records of 4 dimensions without metadata. '
        + 'What (c) allocates are views, places and ids: their size does not depend on what is in a record.',
    ],
  };
}

function aimsOf(cases: readonly Measured[], empty: SerialisationResult): Aim[] {
  const several = cases.filter(({ batch }) => batch > 1);
  const single = cases.filter(({ batch }) => batch === 1);
  const worst = (among: readonly Measured[], against: string, figure: (path: PathResult) => number): number => Math.min(...among.map(({ paths }) => {
    const theirs = Object.entries(paths).find(([name]) => name.startsWith(against))?.[1];
    return theirs === undefined ? 0 : (1 - figure(oursOf(paths)) / figure(theirs)) * 100;
  }));
  const aim = (what: string, measured: number, aimed: number): Aim =>
    ({ what, aimed: `≥ ${aimed} % less`, measured: `${measured.toFixed(0)} % less`, met: measured >= aimed });
  const most = Math.max(...cases.filter(({ batch }) => batch === 100).map(({ paths }) => payloadBytes(oursOf(paths), oursOf(empty))));
  return [
    ...['(a)', '(b)'].map((against) =>
      aim(`serialisation against ${against}, the worst of all cases`, worst(cases, against, (path) => path.convertMicros), serialisationAim)),
    ...['(a)', '(b)'].map((against) => aim(`with the log entry, against ${against}`, worst(cases, against, serialiseOf), serialisationAim)),
    aim('append, flushed, against (a), batches of 100 and 1,000', worst(several, '(a)', (path) => path.durableMicros), appendAim),
    aim('append, not flushed, against (a), batches of 100 and 1,000', worst(several, '(a)', (path) => path.unsyncedMicros), appendAim),
    aim('append, flushed, against (a), one record a request', worst(single, '(a)', (path) => path.durableMicros), appendAim),
    aim('received → durable, against (a), batches of 100 and 1,000', worst(several, '(a)', wholeOf), appendAim),
    aim('received → durable, against (b), batches of 100 and 1,000', worst(several, '(b)', wholeOf), appendAim),
    { what: 'allocated for the payload by (c)', aimed: '0 bytes a record', measured: `${Math.round(most)} bytes a record`, met: Math.round(most) <= 0 },
  ];
}

function oursOf(paths: SerialisationResult): PathResult {
  const ours = Object.entries(paths).find(([name]) => name.startsWith('(c)'))?.[1];
  if (ours === undefined) throw new Error('path (c) was not measured');
  return ours;
}

function serialiseOf(path: PathResult): number {
  return path.convertMicros + path.entriesMicros;
}

function wholeOf(path: PathResult): number {
  return serialiseOf(path) + path.durableMicros;
}

function payloadBytes(path: PathResult, empty: PathResult | undefined): number {
  return path.heapBytes + path.bufferBytes - (empty === undefined ? 0 : empty.heapBytes + empty.bufferBytes);
}

/** `proximadb schemas`: what there is, pushing it to a schema registry, and checking against one. */
import { createReadStream } from 'node:fs';
import { Option, type Command } from 'commander';
import { schemaBytesMax, schemaSubject } from '@proximadb/catalog';
import { ConfluentRegistry } from '@proximadb/catalog/confluent';
import { AppError, invalid } from '@proximadb/errors';
import { compileWalker, type RecordKind } from '@proximadb/record';
import { schemaFingerprint, schemaNames, schemaText, type SchemaName } from '@proximadb/schemas';
import { bytes } from './figures.ts';
import { oneLine, table, toJson, type Column } from './tables.ts';
import { colorsOf, exitCodes, say, type Colors, type Streams } from './terminal.ts';

const registryVariable = 'PROXIMADB_REGISTRY_URL';

interface Answering {
  readonly json?: boolean;
}

interface RegistryOption extends Answering {
  readonly registry?: string;
}

interface CheckOptions extends RegistryOption {
  readonly subject?: string;
}

type Finding = 'new' | 'known' | 'registered' | 'compatible' | 'refused' | 'unreadable';

/** What was found of one schema. */
interface Row {
  /** Our name of it, or the file. */
  readonly schema: string;
  readonly subject: string | null;
  readonly version: number | null;
  readonly id: number | null;
  readonly finding: Finding;
  /** Why it is refused or unreadable. */
  readonly reasons: readonly string[];
}

/** Those of records first, as a process registers them: an empty registry then counts in one order, whoever is first. */
const recordNames: readonly SchemaName[] = ['VectorRecord', 'PatchRecord', 'DeleteRecord'];
const inOrder: readonly SchemaName[] = [...recordNames, ...schemaNames.filter((name) => !recordNames.includes(name))];

const nameOfKind: Readonly<Record<RecordKind, SchemaName>> = { upsert: 'VectorRecord', patch: 'PatchRecord', delete: 'DeleteRecord' };

const example = `
Examples:
  $ proximadb schemas push --registry http://127.0.0.1:8081
  $ proximadb schemas check --registry https://user:password@registry:8081 our-records.avsc
  $ proximadb schemas list`;

export function addSchemas(program: Command, streams: Streams): void {
  const schemas = program.command('schemas').description('the schemas of all that is kept: list, push to a registry, check against one')
    .addHelpText('after', example);
  const sub = (text: string, description: string): Command => schemas.command(text).description(description).option('--json', 'answer in JSON, for programs');
  const registry = (): Option =>
    new Option('--registry <url>', `of a registry with the Confluent API, credentials and all; several with commas between; default $${registryVariable}`);

  sub('list', 'name, subject and fingerprint (SHA-256 of the text) of each').action((options: Answering) => { list(options, streams); });
  sub('push', 'register all of this release').addOption(registry())
    .addHelpText('after', '\nExit code: 1 if the registry refuses one.\n\nExample:\n  $ proximadb schemas push --registry http://127.0.0.1:8081')
    .action((options: RegistryOption) => push(options, streams));
  sub('check', 'say what a push would do, and whether schemas in files can be those of records; write nothing').addOption(registry())
    .argument('[files...]', 'Avro schemas (.avsc) that records are to be written in')
    .option('--subject <name>', 'of the files; default: that of the record which each describes, such as proximadb-VectorRecord')
    .addHelpText('after', '\nExit code: 1 if one would be refused, or is no record that the database can read.\n\n'
      + 'Example:\n  $ proximadb schemas check --registry http://127.0.0.1:8081 our-records.avsc')
    .action((files: string[], options: CheckOptions) => check(files, options, streams));
}

function list(options: Answering, streams: Streams): void {
  const all = inOrder.map((name) => (
    { schema: name, subject: schemaSubject(name), bytes: Buffer.byteLength(schemaText(name)), fingerprint: schemaFingerprint(name) }));
  if (options.json === true) {
    say(streams.out, toJson({ schemas: all }));
    return;
  }
  say(streams.out, table([{ title: 'schema' }, { title: 'subject' }, { title: 'size', align: 'right' }, { title: 'fingerprint' }],
    all.map((one) => [one.schema, one.subject, bytes(one.bytes), one.fingerprint]), colorsOf(streams.out, streams.environment)));
}

async function push(options: RegistryOption, streams: Streams): Promise<void> {
  const registry = connect(options, streams);
  const rows: Row[] = [];
  for (const name of inOrder) {
    const [subject, text] = [schemaSubject(name), schemaText(name)];
    const before = await registry.find(subject, text);
    const reasons = await refusalOf(async () => registry.register(subject, text));
    rows.push(reasons.length > 0
      ? { schema: name, subject, version: null, id: null, finding: 'refused', reasons }
      : { schema: name, subject, ...await found(registry, subject, text), finding: before === undefined ? 'new' : 'known', reasons });
  }
  show(rows, options, streams);
}

async function check(files: readonly string[], options: CheckOptions, streams: Streams): Promise<void> {
  const registry = connect(options, streams);
  const rows: Row[] = [];
  for (const name of inOrder) rows.push(await verdict(registry, name, schemaSubject(name), schemaText(name)));
  for (const file of files) {
    const text = await textOf(file);
    let name: SchemaName | undefined;
    const reasons = await refusalOf(() => { name = nameOfKind[compileWalker(text).kind]; });
    rows.push(name === undefined
      ? { schema: file, subject: options.subject ?? null, version: null, id: null, finding: 'unreadable', reasons }
      : await verdict(registry, file, options.subject ?? schemaSubject(name), text));
  }
  show(rows, options, streams);
}

async function verdict(registry: ConfluentRegistry, schema: string, subject: string, text: string): Promise<Row> {
  const registered = await registry.find(subject, text);
  if (registered !== undefined) return { schema, subject, ...registered, finding: 'registered', reasons: [] };
  const { compatible, reasons } = await registry.verdict(subject, text);
  const refused = reasons.length > 0 ? reasons : ['it is incompatible with an earlier version'];
  return { schema, subject, version: null, id: null, finding: compatible ? 'compatible' : 'refused', reasons: compatible ? [] : refused };
}

function connect({ registry }: RegistryOption, { environment }: Streams): ConfluentRegistry {
  const given = environment[registryVariable];
  const url = registry ?? (given === '' ? undefined : given);
  if (url === undefined) throw invalid(`names no registry, and $${registryVariable} is not set`, { field: '--registry' });
  return new ConfluentRegistry({ url, timeoutMs: 30_000 });
}

async function found(registry: ConfluentRegistry, subject: string, text: string): Promise<Pick<Row, 'id' | 'version'>> {
  return await registry.find(subject, text) ?? { id: null, version: null };
}

/** Why a schema is refused; of anything else that goes wrong, the command ends. */
async function refusalOf(attempt: () => unknown): Promise<readonly string[]> {
  try {
    await attempt();
    return [];
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'INVALID_ARGUMENT') throw thrown;
    return [thrown.details[0]?.reason ?? thrown.message];
  }
}

/** @throws AppError INVALID_ARGUMENT if it is longer than any schema may be */
async function textOf(file: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(file, { end: schemaBytesMax }) as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks);
  if (text.length > schemaBytesMax) throw invalid(`is larger than a schema may be (${bytes(schemaBytesMax)})`, { field: file });
  return text.toString().trim();
}

const columns: readonly Column[] = [
  { title: 'schema' }, { title: 'subject' }, { title: 'version', align: 'right' }, { title: 'id', align: 'right' }, { title: '' },
];

function show(rows: readonly Row[], options: Answering, streams: Streams): void {
  const bad = rows.filter(({ reasons }) => reasons.length > 0);
  if (bad.length > 0) streams.exitWith(exitCodes.failed);
  if (options.json === true) {
    say(streams.out, toJson({ schemas: rows }));
    return;
  }
  const colors = colorsOf(streams.out, streams.environment);
  say(streams.out, table(columns, rows.map(({ schema, subject, version, id, finding }) => [
    schema, subject ?? '', version === null ? '' : String(version), id === null ? '' : String(id), colored(finding, colors),
  ]), colors));
  for (const { schema, reasons } of bad) for (const reason of reasons) say(streams.err, oneLine(`${schema}: ${reason}`));
}

function colored(finding: Finding, colors: Colors): string {
  switch (finding) {
    case 'new': case 'compatible': return colors.green(finding);
    case 'known': case 'registered': return colors.dim(finding);
    case 'refused': case 'unreadable': return colors.red(finding);
  }
}

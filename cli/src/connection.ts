/** The server that a command talks to, and its records. */
import { Option, type Command } from 'commander';
import { AppError, type Code } from '@proximadb/errors';
import { compileWalker, wireSchemaId, type RecordView, type Walker } from '@proximadb/record';
import { schemaFingerprint } from '@proximadb/schemas';
import { connect as connectTo, type ClientOptions, type GrpcDatabase, type UnaryCalls } from 'proximadb';
import { serverVariable, type Streams } from './terminal.ts';

export const serverDefault = '127.0.0.1:5679';

export interface ServerOption {
  readonly server?: string;
}

export function withServer(command: Command): Command {
  return command.addOption(new Option('--server <host:port>', `gRPC address of the server; default ${serverDefault}, or $${serverVariable}`));
}

/** Who sits before a terminal hears soon that nobody answers. */
const attemptsMax = 5;

/** Nothing is sent before the first call. */
export function connect({ server }: ServerOption, { environment }: Streams, options: ClientOptions = { attemptsMax }): Connection {
  const given = environment[serverVariable];
  const address = server ?? (given === undefined || given === '' ? serverDefault : given);
  return { address, db: connectTo(address, options) };
}

export interface Connection {
  readonly address: string;
  readonly db: GrpcDatabase;
}

/** Runs a command's calls, closes the connection, and says of a server that is not there what to do. */
export async function talking<Result>(connection: Connection, work: (db: GrpcDatabase) => Promise<Result>): Promise<Result> {
  await using db = connection.db;
  try {
    return await work(db);
  } catch (thrown) {
    throw withAddress(thrown, connection.address);
  }
}

const unreachable: ReadonlySet<Code> = new Set<Code>(['UNAVAILABLE', 'DEADLINE_EXCEEDED']);

/** What gRPC says of a connection that was refused names neither the server nor the way out. */
export function withAddress(thrown: unknown, address: string): unknown {
  if (!(thrown instanceof AppError) || !unreachable.has(thrown.code) || !/connect|resolve|dropped|ECONN/i.test(thrown.message)) return thrown;
  return new AppError(thrown.code, `no server answers at ${address}; start one with \`proximadb start\`, or name another with --server`, { cause: thrown });
}

/** The schema of the records that this release writes, as the server calls it. */
export interface RecordSchema {
  readonly schemaId: number;
  readonly text: string;
  readonly walker: Walker;
  /** @throws AppError FAILED_PRECONDITION for a record in another schema. */
  view(record: Uint8Array): RecordView;
}

/** @throws AppError FAILED_PRECONDITION if the server's schema is another release's. */
export async function recordSchema(calls: Pick<UnaryCalls, 'getSchema'>): Promise<RecordSchema> {
  const { id: schemaId, schema: text, fingerprint } = await calls.getSchema({ name: 'VectorRecord' });
  if (fingerprint !== schemaFingerprint('VectorRecord')) {
    throw new AppError('FAILED_PRECONDITION', 'the server has another schema of records: use the command line of its release');
  }
  const walker = compileWalker(text);
  return {
    schemaId, text, walker,
    view(record) {
      const found = wireSchemaId(record);
      if (found === schemaId) return walker.view(record);
      throw new AppError('FAILED_PRECONDITION', `a record is written in schema ${found}, which this command line does not know: use the server's release`);
    },
  };
}

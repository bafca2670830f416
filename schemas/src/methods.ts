/** The methods of the API with their codecs, and their types. */
import { messages, type Messages } from '../gen/ts/api.ts';
import { clusterMethodRows, methodRows, type HttpRoute, type MethodName } from './table.ts';
import type { Message, MessageCodec } from './wire.ts';

type Row = (typeof methodRows)[number];
type UnaryRow = Extract<Row, { stream: 'unary' }>;

type OperationTypes = {
  readonly [R in UnaryRow as Uncapitalize<R['name']>]: {
    readonly request: Messages[R['requestName']];
    readonly response: Messages[R['responseName']];
  };
};

/** Request and answer of every operation: `upsert`, `search`, … A stream is answered by its unary operation, message by message. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- an interface, so that editors show its name and not its expansion
export interface Operations extends OperationTypes {}

export type OperationName = keyof Operations;

export interface Method {
  readonly name: MethodName;
  /** The operation that answers it; of a stream, that of its unary method. */
  readonly operation: OperationName;
  /** Path of the call: `/proximadb.v1.ProximaDB/Upsert`. */
  readonly grpcPath: string;
  readonly request: MessageCodec<Messages[keyof Messages]>;
  readonly response: MessageCodec<Messages[keyof Messages]>;
  readonly requestName: Row['requestName'];
  readonly responseName: Row['responseName'];
  readonly stream: 'unary' | 'bidirectional';
  readonly unaryOf?: MethodName;
  readonly http: HttpRoute | null;
  readonly extraHttp?: HttpRoute;
  readonly summary: string;
}

export const serviceName = 'proximadb.v1.ProximaDB';

/** Of an indexer, for the query services and gateways of its cluster. */
export const shardsServiceName = 'proximadb.v1.cluster.Shards';

/** Of its one method: a stream of ShardCalls, answered by a stream of ShardAnswers. */
export const exchangePath: string = `/${shardsServiceName}/${clusterMethodRows[0].name}`;

export const methods: readonly Method[] = methodRows.map((row) => ({
  ...row,
  operation: operationOf('unaryOf' in row ? row.unaryOf : row.name),
  grpcPath: `/${serviceName}/${row.name}`,
  request: codec(row.requestName),
  response: codec(row.responseName),
}));

/** @throws Error if there is no such method. */
export function method(name: MethodName): Method {
  const found = methods.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no method is called ${name}`);
  return found;
}

function operationOf(name: UnaryRow['name']): OperationName {
  return (name.charAt(0).toLowerCase() + name.slice(1)) as OperationName;
}

/** Whoever takes a codec from the table works with the message of the row, whichever it is; its type is {@link Operations}'s. */
function codec(name: keyof Messages): Message<Messages[keyof Messages]> {
  return messages[name];
}

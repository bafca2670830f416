/** gRPC: records as Avro, encoded here once, and read where they lie in the received message. */
import { AppError } from '@proximadb/errors';
import { compileWalker, encodePatchRecord, encodeVectorRecord, parseJson, wireSchemaId, type RecordView, type Walker } from '@proximadb/record';
import { schemaFingerprint, type Filter, type GetResponse, type Hit, type Include, type OperationName, type SearchBatchResponse, type SearchResponse,
  type StoredRecord } from '@proximadb/schemas';
import type { Client } from '@proximadb/transport/client';
import { filterFromJson } from '@proximadb/transport/filter';
import type { OneCall } from '@proximadb/transport/retries';
import type { AnyFilter } from '../core/filter.ts';
import { jsonText } from '../core/json.ts';
import { fromStored, toStored } from '../core/metadata.ts';
import { floatsOf, micros, type Instant } from '../core/records.ts';
import { includes, type AnswerOf, type AskedOf, type Encoder, type FoundHit, type FoundRecord, type Wire } from '../core/wire.ts';

export class GrpcWire implements Wire {
  readonly #client: Client;
  readonly #encoder = new Once<Encoder>();
  readonly #reader = new Once<RecordReader>();

  constructor(client: Client) {
    this.#client = client;
  }

  encoder(call: OneCall): Promise<Encoder> {
    return this.#encoder.get(async () => {
      const [ofRecords, ofPatches] = await Promise.all([schemaOf(this.#client, 'VectorRecord', call), schemaOf(this.#client, 'PatchRecord', call)]);
      return avroEncoder(ofRecords.id, ofPatches.id);
    });
  }

  async call<O extends OperationName>(operation: O, request: AskedOf<O>, call: OneCall): Promise<AnswerOf<O>> {
    const ask = this.#client[operation] as (request: object, call: OneCall) => Promise<object>;
    const answer = await ask(withFilters(request), call);
    return await this.#read(operation, answer, request, call) as AnswerOf<O>;
  }

  ready(call: OneCall): Promise<boolean> {
    return this.#client.serving(call);
  }

  close(): void {
    this.#client.close();
  }

  async #read(operation: OperationName, answer: object, { include, searches = [] }: Request, call: OneCall): Promise<object> {
    switch (operation) {
      case 'searchBatch': {
        const { results } = answer as SearchBatchResponse;
        return { results: await Promise.all(results.map((result, at) => this.#read('search', result, searches[at] ?? {}, call))) };
      }
      case 'search': {
        const { hits } = answer as SearchResponse;
        if (hits.every(({ record }) => record === null)) return { ...answer, hits: hits.map(withoutRecord) };
        const reader = await this.#recordReader(call);
        return { ...answer, hits: hits.map((hit) => reader.hit(hit, include)) };
      }
      case 'get': case 'scroll': {
        const { records } = answer as GetResponse;
        if (records.length === 0) return answer;
        const reader = await this.#recordReader(call);
        return { ...answer, records: records.map((record) => reader.stored(record, include)) };
      }
      default: return answer;
    }
  }

  #recordReader(call: OneCall): Promise<RecordReader> {
    return this.#reader.get(async () => new RecordReader(await schemaOf(this.#client, 'VectorRecord', call)));
  }
}

interface Request {
  readonly filter?: AnyFilter | null;
  readonly searches?: readonly Request[];
  readonly include?: readonly Include[];
}

function withFilters(request: Request): object {
  const { filter, searches } = request;
  return {
    ...request,
    ...(filter == null ? {} : { filter: filterOf(filter) }),
    ...(searches === undefined ? {} : { searches: searches.map(withFilters) }),
  };
}

/** Read as the server reads a filter in JSON, and so with the same errors. */
function filterOf(filter: AnyFilter): Filter {
  return filterFromJson(parseJson(jsonText(filter, 'filter')));
}

function avroEncoder(recordId: number, patchId: number): Encoder {
  return {
    record: ({ id, vector, metadata, timestamp, expiresAt }) => encodeVectorRecord(recordId, {
      id, vector: floatsOf(vector), ...(metadata === undefined ? {} : { metadata: toStored(metadata, 'metadata') }),
      ...(timestamp === undefined ? {} : { timestamp: micros(timestamp) }), expiresAt: microsOrNull(expiresAt) ?? null,
    }),
    patch: ({ id, vector, set, unset, timestamp, expiresAt }) => encodePatchRecord(patchId, {
      id, vector: vector === undefined ? null : floatsOf(vector), ...(set === undefined ? {} : { set: toStored(set, 'set') }),
      ...(unset === undefined ? {} : { unset }), timestamp: microsOrNull(timestamp) ?? null, expiresAt: microsOrNull(expiresAt),
    }),
  };
}

function microsOrNull(instant: Instant | null | undefined): bigint | null | undefined {
  return instant == null ? instant : micros(instant);
}

function withoutRecord({ id, score, distance, version }: Hit): FoundHit {
  return { id, score, distance, version };
}

/** Reads records of the server's schema. */
class RecordReader {
  readonly #walker: Walker;
  readonly #schemaId: number;

  constructor({ id, schema }: RecordSchema) {
    this.#walker = compileWalker(schema);
    this.#schemaId = id;
  }

  hit(hit: Hit, include: readonly Include[] | undefined): FoundHit {
    return hit.record === null ? withoutRecord(hit) : { ...withoutRecord(hit), ...partsOf(this.#view(hit.record), include, false) };
  }

  stored({ id, version, record }: StoredRecord, include: readonly Include[] | undefined): FoundRecord {
    const view = this.#view(record);
    return { id, version, ...partsOf(view, include, true), timestamp: view.timestamp, expiresAt: view.expiresAt };
  }

  #view(record: Uint8Array): RecordView {
    const found = wireSchemaId(record);
    if (found === this.#schemaId) return this.#walker.view(record);
    const advice = 'which this client does not know: use the client of the server\'s release';
    throw new AppError('FAILED_PRECONDITION', `a record is written in schema ${found}, ${advice}`);
  }
}

function partsOf(view: RecordView, include: readonly Include[] | undefined, byDefault: boolean): Pick<FoundRecord, 'vector' | 'metadata'> {
  return {
    ...(includes(include, 'vector', byDefault) ? { vector: vectorOf(view) } : {}),
    ...(includes(include, 'metadata', byDefault) ? { metadata: fromStored(view.readMetadata()) } : {}),
  };
}

/** One copy of its memory: where it lies in the message it is not aligned. */
function vectorOf(view: RecordView): Float32Array {
  const vector = new Float32Array(view.vectorLength);
  view.copyVector(vector, 0);
  return vector;
}

interface RecordSchema {
  readonly id: number;
  readonly schema: string;
}

async function schemaOf(client: Client, name: 'VectorRecord' | 'PatchRecord', call: OneCall): Promise<RecordSchema> {
  const { id, schema, fingerprint } = await client.getSchema({ name }, call);
  if (fingerprint === schemaFingerprint(name)) return { id, schema };
  throw new AppError('FAILED_PRECONDITION', `the server has another ${name} than this client: use the client of the server's release`);
}

/** What is asked for once; asked for again if that failed. */
class Once<T> {
  #value: Promise<T> | undefined;

  get(ask: () => Promise<T>): Promise<T> {
    return this.#value ??= ask().catch((thrown: unknown) => {
      this.#value = undefined;
      throw thrown;
    });
  }
}

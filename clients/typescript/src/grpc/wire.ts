/** gRPC: records as Avro, encoded here once, and read where they lie in the received message. */
import { parseJson, type RecordView } from '@proximadb/record';
import type { Filter, GetResponse, Hit, Include, OperationName, SearchBatchResponse, SearchResponse, StoredRecord } from '@proximadb/schemas';
import type { Client } from '@proximadb/transport/client';
import { filterFromJson } from '@proximadb/transport/filter';
import type { OneCall } from '@proximadb/transport/retries';
import type { AnyFilter } from '../core/filter.ts';
import { jsonText } from '../core/json.ts';
import { fromStored } from '../core/metadata.ts';
import { includes, type AnswerOf, type AskedOf, type Encoder, type FoundHit, type FoundRecord, type Wire } from '../core/wire.ts';
import { avroEncoder } from './encoder.ts';
import { RecordReader } from './record-reader.ts';

export class GrpcWire implements Wire {
  readonly #client: Client;
  readonly #encoder = new Once<Encoder>();
  readonly #reader: RecordReader;

  constructor(client: Client) {
    this.#client = client;
    this.#reader = new RecordReader(client);
  }

  encoder(call: OneCall): Promise<Encoder> {
    return this.#encoder.get(() => avroEncoder(this.#client, call));
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
        await this.#reader.learn(hits.flatMap(({ record }) => record ?? []), call);
        return { ...answer, hits: hits.map((hit) => foundHit(hit, this.#reader, include)) };
      }
      case 'get': case 'scroll': {
        const { records } = answer as GetResponse;
        await this.#reader.learn(records.map(({ record }) => record), call);
        return { ...answer, records: records.map((record) => foundRecord(record, this.#reader, include)) };
      }
      default: return answer;
    }
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

function foundHit({ id, score, distance, version, record }: Hit, reader: RecordReader, include: readonly Include[] | undefined): FoundHit {
  return { id, score, distance, version, ...(record === null ? {} : partsOf(reader.view(record), include, false)) };
}

function foundRecord({ id, version, record }: StoredRecord, reader: RecordReader, include: readonly Include[] | undefined): FoundRecord {
  const view = reader.view(record);
  return { id, version, ...partsOf(view, include, true), timestamp: view.timestamp, expiresAt: view.expiresAt };
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

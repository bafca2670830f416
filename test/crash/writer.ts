/** A client that writes one request after the other, to ids that are its own, and keeps book of what it was told. */
import { strict as assert } from 'node:assert';
import { AppError } from '@proximadb/errors';
import { encodePatchRecord, encodeVectorRecord, type MetadataValue } from '@proximadb/record';
import type { Condition, DeleteResponse, Filter, FilterValue, WriteResponse } from '@proximadb/schemas';
import type { Client } from '@proximadb/transport/client';
import { dimension, metadataOf, type Book, type Content, type Row } from './book.ts';
import type { Random } from './random.ts';

export const collection = 'crash';
const idsOfWriter = 150;
const batchMax = 60;
/** Requests that may be repeated. */
const remembered = 50;

export interface SchemaIds {
  readonly VectorRecord: number;
  readonly PatchRecord: number;
}

/** What a request is, apart from its attempts. */
interface Request {
  readonly what: string;
  readonly after: ReadonlyMap<string, Content | null>;
  /** In the order of the request. */
  readonly ids: readonly string[];
  readonly send: (client: Client, requestId: string, attempt: number) => Promise<WriteResponse | DeleteResponse>;
  readonly inParts?: boolean;
  /** Whether the shards may rightly refuse it, so that this writer did not get it. */
  readonly contested?: boolean;
}

interface Acknowledged {
  readonly request: Request;
  readonly requestId: string;
  readonly versions: readonly string[];
}

export class Writer {
  readonly name: string;
  readonly #book: Book;
  readonly #random: Random;
  readonly #schemaIds: SchemaIds;
  readonly #ids: readonly string[];
  #client: Client;
  #requests = 0;
  /** The newest last. */
  readonly #done: Acknowledged[] = [];
  acknowledged = 0;

  constructor(name: string, book: Book, random: Random, schemaIds: SchemaIds, client: Client) {
    this.name = name;
    this.#book = book;
    this.#random = random;
    this.#schemaIds = schemaIds;
    this.#client = client;
    this.#ids = Array.from({ length: idsOfWriter }, (_, i) => `${name}-${i}`);
  }

  connect(client: Client): void {
    this.#client = client;
  }

  /** Writes until the server is gone. @throws whatever else goes wrong. */
  async run(isKilled: () => boolean): Promise<void> {
    while (!isKilled()) {
      const request = this.#choose();
      if (request === undefined) await this.#repeat(isKilled);
      else if (!await this.#do(request, isKilled)) return;
    }
  }

  /** @returns whether the answer came. */
  async #do(request: Request, isKilled: () => boolean): Promise<boolean> {
    const requestId = `${this.name}-${this.#requests}-${this.#random.between(0, 1e9)}`;
    try {
      this.#note(request, requestId, await request.send(this.#client, requestId, 0));
      return true;
    } catch (error) {
      if (error instanceof AppError && error.code === 'ABORTED' && request.contested === true) return true;
      if (!isKilled()) throw new Error(`${request.what} failed while the server ran`, { cause: error });
      assert.ok(error instanceof AppError && ['UNAVAILABLE', 'CANCELLED', 'DEADLINE_EXCEEDED'].includes(error.code), String(error));
    }
    this.#book.unknown.push({
      what: `${request.what} (${requestId})`, after: request.after, inParts: request.inParts === true,
      again: (seen) => this.#again(request, requestId, seen),
    });
    return false;
  }

  /** After a restart: the same request, one attempt later, has to be done once and no more. */
  async #again(request: Request, requestId: string, seen: ReadonlyMap<string, string> | null): Promise<void> {
    try {
      const answer = await request.send(this.#client, requestId, 1);
      if (seen !== null && 'versions' in answer && answer.versions.length > 0) {
        request.ids.forEach((id, i) => {
          const version = seen.get(id);
          if (version !== undefined) assert.equal(answer.versions[i], version, `${request.what}: ${id} was written a second time by a retry`);
        });
      }
      this.#note(request, requestId, answer);
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'ABORTED' && request.contested === true && seen === null)) throw error;
    }
  }

  #note(request: Request, requestId: string, answer: WriteResponse | DeleteResponse): void {
    assert.deepEqual(answer.refused, [], request.what);
    request.ids.forEach((id, i) => {
      const content = request.after.get(id) ?? null;
      if (content === null) this.#book.rows.delete(id);
      else this.#book.rows.set(id, { ...content, version: answer.versions[i] ?? '' });
    });
    if (request.contested === true) {
      const [claim = ''] = request.ids;
      assert.ok((this.#book.claims.get(claim) ?? this.name) === this.name, `${claim} was given to ${this.#book.claims.get(claim)} and to ${this.name}`);
      this.#book.claims.set(claim, this.name);
    }
    this.acknowledged += 1;
    if (request.inParts === true) return;
    this.#done.push({ request, requestId, versions: answer.versions });
    if (this.#done.length > remembered) this.#done.shift();
  }

  /** What was acknowledged, sent once more: the same answer, and nothing changes, whatever was written since. */
  async #repeat(isKilled: () => boolean): Promise<void> {
    const done = this.#done[this.#random.between(0, this.#done.length - 1)];
    if (done === undefined) return;
    try {
      const answer = await done.request.send(this.#client, done.requestId, 1);
      assert.deepEqual(answer.versions, done.versions, `${done.request.what}, repeated`);
    } catch (error) {
      if (!isKilled() || error instanceof assert.AssertionError) throw error;
    }
  }

  /** Requests of before the crash, repeated after it: what shards remember of requests survives, too. */
  async repeatSome(): Promise<void> {
    for (let i = 0; i < 5; i += 1) await this.#repeat(() => false);
  }

  #choose(): Request | undefined {
    this.#requests += 1;
    const present = this.#ids.filter((id) => this.#book.rows.has(id));
    const dice = this.#random.next();
    if (dice < 0.45 || present.length === 0) return this.#upsert();
    if (dice < 0.6) return this.#patch(present);
    if (dice < 0.7) return this.#delete(present);
    if (dice < 0.8) return this.#count();
    if (dice < 0.88) return this.#claim();
    if (dice < 0.9) return this.#deleteByFilter();
    if (dice < 0.95) return this.#upsertIfPresent(present);
    return undefined;
  }

  #content(): Content {
    const vector = Array.from({ length: dimension }, () => Math.fround(this.#random.next() - 0.5));
    return { vector, writer: this.name, request: this.#requests, patched: null };
  }

  #writing(what: string, rows: ReadonlyMap<string, Content>, conditions: readonly Condition[], contested = false): Request {
    const records = [...rows].map(([id, content]) =>
      encodeVectorRecord(this.#schemaIds.VectorRecord, { id, vector: content.vector, metadata: metadataOf(content) }));
    return {
      what: `${what} of ${rows.size}`, after: rows, ids: [...rows.keys()], contested,
      send: (client, requestId, attempt) => client.upsert({ collection, records, conditions, requestId, attempt }),
    };
  }

  #upsert(): Request {
    const ids = this.#random.some(this.#ids, this.#random.between(1, batchMax));
    return this.#writing('upsert', new Map(ids.map((id) => [id, this.#content()])), []);
  }

  #upsertIfPresent(present: readonly string[]): Request {
    const ids = this.#random.some(present, this.#random.between(1, 10));
    return this.#writing('upsert if present', new Map(ids.map((id) => [id, this.#content()])), [{ condition: { kind: 'ifPresent', value: {} } }]);
  }

  /** Compare and set: a retry must not fail on its own success. */
  #count(): Request {
    const id = `${this.name}-counter`;
    const last = this.#book.rows.get(id);
    const condition: Condition = { condition: last === undefined ? { kind: 'ifAbsent', value: {} } : { kind: 'ifVersion', value: last.version } };
    return this.#writing('counter', new Map([[id, this.#content()]]), [condition]);
  }

  /** All writers want these: one gets each. */
  #claim(): Request {
    const id = `claim-${this.#book.claims.size + this.#random.between(0, 2)}`;
    return this.#writing('claim', new Map([[id, this.#content()]]), [{ condition: { kind: 'ifAbsent', value: {} } }], true);
  }

  #patch(present: readonly string[]): Request {
    const ids = this.#random.some(present, this.#random.between(1, 20));
    const withVector = this.#random.next() < 0.5;
    const rows = new Map(ids.map((id): [string, Content] => {
      const { vector, writer, request } = this.#book.rows.get(id) as Row;
      return [id, { vector: withVector ? this.#content().vector : vector, writer, request, patched: this.#requests }];
    }));
    const set = new Map<string, MetadataValue>([['patched', BigInt(this.#requests)]]);
    const patches = [...rows].map(([id, { vector }]) => encodePatchRecord(this.#schemaIds.PatchRecord, { id, set, ...(withVector ? { vector } : {}) }));
    return {
      what: `patch of ${ids.length}`, after: rows, ids,
      send: (client, requestId, attempt) => client.patch({ collection, patches, requestId, attempt }),
    };
  }

  #delete(present: readonly string[]): Request {
    const ids = this.#random.some(present, this.#random.between(1, 30));
    return {
      what: `delete of ${ids.length}`, after: new Map(ids.map((id) => [id, null])), ids,
      send: (client, requestId, attempt) => client.delete({ collection, ids, requestId, attempt }),
    };
  }

  /** All that this writer wrote in one of its requests and did not overwrite since. */
  #deleteByFilter(): Request {
    const own = [...this.#book.rows].filter(([id, { writer }]) => writer === this.name && this.#ids.includes(id));
    const { request } = own[this.#random.between(0, own.length - 1)]?.[1] ?? { request: -1 };
    const ids = own.filter(([, row]) => row.request === request).map(([id]) => id);
    const filters = [is('writer', this.name), is('request', BigInt(request))];
    const filter: Filter = { node: { kind: 'combination', value: { operator: 'and', filters } } };
    return {
      what: `delete by filter of ${ids.length}`, after: new Map(ids.map((id) => [id, null])), ids, inParts: true,
      send: async (client) => {
        let answer = await client.delete({ collection, filter });
        while (answer.cursor !== null) answer = await client.delete({ collection, filter, cursor: answer.cursor });
        return answer;
      },
    };
  }
}

function is(key: string, value: string | bigint): Filter {
  const typed: FilterValue = { value: typeof value === 'string' ? { kind: 'string', value } : { kind: 'long', value } };
  return { node: { kind: 'comparison', value: { path: [key], operator: 'eq', values: [typed] } } };
}

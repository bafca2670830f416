/** The entries of the catalog's log, and their bytes. */
import { AppError, unreachable } from '@proximadb/errors';
import { crc32c, crcHeaderName, decodeCrc, encodeCrc, type Headers, type LogRecord } from '@proximadb/log';
import { avroType, avroTypeOf, schemaFingerprint, schemaText, type CatalogEvent, type CollectionSettings } from '@proximadb/schemas';
import type avsc from 'avsc';
import { createHash } from 'node:crypto';
import { reindexFromBranch, reindexToBranch } from './reindex-events.ts';
import type { ReindexEvent } from './reindex.ts';

export interface Created {
  readonly kind: 'created';
  readonly name: string;
  readonly settings: CollectionSettings;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
}
export interface Updated {
  readonly kind: 'updated';
  readonly log: number;
  /** null: as it was. */
  readonly description: string | null;
  /** null: as they were. */
  readonly tags: Readonly<Record<string, string>> | null;
}
export interface SchemaUsed {
  readonly kind: 'schema_used';
  readonly id: number;
  /** SHA-256 of the schema's text, in hex. */
  readonly fingerprint: string;
  readonly schema: string;
}
export type Event =
  | Created
  | { readonly kind: 'ready'; readonly log: number; readonly topicId: string }
  | Updated
  | { readonly kind: 'deleted'; readonly log: number }
  | { readonly kind: 'erased'; readonly log: number }
  | SchemaUsed
  | ReindexEvent;

export interface CatalogEntry {
  readonly requestId: string;
  /** µs since 1970-01-01 UTC. Data: it decides nothing. */
  readonly atMicros: number;
  readonly event: Event;
}

/** SHA-256 of a schema's text, in hex: what `schemaFingerprint` says of our own. */
export function textFingerprint(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}

/** SHA-256 of the schema in which an entry's value is written. */
export const writerHeaderName = 'proximadb-writer';
/** That schema itself, in the first entries written with it, so that every release past and to come can read the log. */
export const writerSchemaHeaderName = 'proximadb-writer-schema';

/** Reads the catalog's log in its order, and writes what goes to its end. */
export class CatalogCodec {
  readonly #type = avroType('CatalogEvent');
  readonly #ownHash = schemaFingerprint('CatalogEvent');
  /** Writer schemas met so far, by their hash in hex. */
  readonly #writers = new Map<string, avsc.Resolver | 'own'>();

  encode(entry: CatalogEntry): { readonly value: Uint8Array; readonly headers: Headers } {
    const value = this.#type.toBuffer(toAvro(entry));
    const headers: Record<string, Uint8Array> = { [crcHeaderName]: encodeCrc(crc32c(value)), [writerHeaderName]: Buffer.from(this.#ownHash, 'hex') };
    // Whoever reads this entry has read all that we have, so one entry with the text, once read, is enough.
    if (!this.#writers.has(this.#ownHash)) headers[writerSchemaHeaderName] = Buffer.from(schemaText('CatalogEvent'));
    return { value, headers };
  }

  /** @throws AppError DATA_LOSS for an entry that is damaged; FAILED_PRECONDITION for one that only a newer release can read. */
  decode(record: LogRecord): CatalogEntry {
    const writer = record.headers[writerHeaderName];
    const crc = record.headers[crcHeaderName];
    if (record.value === null || writer === undefined || crc === undefined) throw damaged(record, 'it was not written by a catalog');
    if (crc32c(record.value) !== decodeCrc(crc)) throw damaged(record, 'its checksum does not hold');
    const resolver = this.#resolver(record, Buffer.from(writer).toString('hex'));
    const buffer = Buffer.from(record.value.buffer, record.value.byteOffset, record.value.byteLength);
    try {
      return fromAvro((resolver === 'own' ? this.#type.fromBuffer(buffer) : this.#type.fromBuffer(buffer, resolver)) as CatalogEvent);
    } catch (cause) {
      throw damaged(record, 'its bytes do not follow its schema', cause);
    }
  }

  #resolver(record: LogRecord, hash: string): avsc.Resolver | 'own' {
    const known = this.#writers.get(hash);
    if (known !== undefined) return known;
    const text = record.headers[writerSchemaHeaderName];
    if (text === undefined || textFingerprint(text) !== hash) throw damaged(record, 'its schema is missing');
    const resolver = hash === this.#ownHash ? 'own' : this.#resolve(record, Buffer.from(text).toString());
    this.#writers.set(hash, resolver);
    return resolver;
  }

  #resolve(record: LogRecord, text: string): avsc.Resolver {
    try {
      return this.#type.createResolver(avroTypeOf('CatalogEvent', text));
    } catch (cause) {
      const reason = `entry ${record.offset} of the catalog's log needs a newer release of the database: upgrade this process`;
      throw new AppError('FAILED_PRECONDITION', reason, { cause });
    }
  }
}

function damaged(record: LogRecord, why: string, cause?: unknown): AppError {
  return new AppError('DATA_LOSS', `entry ${record.offset} of the catalog's log cannot be read: ${why}`, { cause });
}

function toAvro({ requestId, atMicros, event }: CatalogEntry): CatalogEvent {
  return { request_id: requestId, at: atMicros, event: toBranch(event) };
}

function toBranch(event: Event): CatalogEvent['event'] {
  switch (event.kind) {
    case 'created': {
      const { name, settings, description, tags } = event;
      return { 'proximadb.v1.storage.CollectionCreated': { name, settings, description, tags } };
    }
    case 'ready': return { 'proximadb.v1.storage.CollectionReady': { log: event.log, topic_id: event.topicId } };
    case 'updated': return { 'proximadb.v1.storage.CollectionUpdated': { log: event.log, description: event.description, tags: event.tags } };
    case 'deleted': return { 'proximadb.v1.storage.CollectionDeleted': { log: event.log } };
    case 'erased': return { 'proximadb.v1.storage.CollectionErased': { log: event.log } };
    case 'schema_used':
      return { 'proximadb.v1.storage.SchemaUsed': { id: event.id, fingerprint: event.fingerprint, schema: event.schema } };
    case 'reindex_started': case 'copier_started': case 'copier_caught_up': case 'partition_drained': case 'reindex_aborted': case 'generation_discarded':
      return reindexToBranch(event);
    default: return unreachable(event);
  }
}

function fromAvro({ request_id: requestId, at: atMicros, event: branch }: CatalogEvent): CatalogEntry {
  return { requestId, atMicros, event: fromBranch(branch) };
}

function fromBranch(branch: CatalogEvent['event']): Event {
  if ('proximadb.v1.storage.CollectionCreated' in branch) return { kind: 'created', ...branch['proximadb.v1.storage.CollectionCreated'] };
  if ('proximadb.v1.storage.CollectionReady' in branch) {
    const { log, topic_id: topicId } = branch['proximadb.v1.storage.CollectionReady'];
    return { kind: 'ready', log, topicId };
  }
  if ('proximadb.v1.storage.CollectionUpdated' in branch) return { kind: 'updated', ...branch['proximadb.v1.storage.CollectionUpdated'] };
  if ('proximadb.v1.storage.CollectionDeleted' in branch) return { kind: 'deleted', log: branch['proximadb.v1.storage.CollectionDeleted'].log };
  if ('proximadb.v1.storage.CollectionErased' in branch) return { kind: 'erased', log: branch['proximadb.v1.storage.CollectionErased'].log };
  if ('proximadb.v1.storage.SchemaUsed' in branch) return { kind: 'schema_used', ...branch['proximadb.v1.storage.SchemaUsed'] };
  return reindexFromBranch(branch);
}

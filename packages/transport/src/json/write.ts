/** Answers to JSON, by the descriptors of their messages. Stored records are read where they lie. */
import { assert, AssertionError, unreachable } from '@proximadb/errors';
import { metadataToJson, recordToJson, vectorToJson, wireSchemaId, type Walker } from '@proximadb/record';
import {
  descriptors, type Hit, type Include, type MessageDescriptor, type SearchBatchResponse, type StoredRecord, type TypeDescriptor,
} from '@proximadb/schemas';
import type { MessageName } from './read.ts';

/** The walker of a schema id; an id that a record has is known. */
export type WalkerOf = (schemaId: number) => Walker | Promise<Walker>;

type Fields = Readonly<Record<string, unknown>>;

/** The requests that say what records in their answers carry. */
interface Including {
  readonly include?: readonly Include[];
  readonly searches?: readonly Including[];
}

/**
 * @param request its `include` says what hits carry; stored records carry everything if it is empty.
 * @returns the JSON text. Null fields are left out; a long is a number where a double holds it exactly, else a string.
 */
export async function answerToJson(name: MessageName, answer: object, request: object, walkerOf: WalkerOf): Promise<string> {
  const walkers = new Map<number, Walker>();
  for (const bytes of recordsOf(descriptors[name], answer as Fields)) {
    const id = wireSchemaId(bytes);
    if (!walkers.has(id)) walkers.set(id, await walkerOf(id));
  }
  const { include, searches } = request as Including;
  const writer = (included: readonly Include[] | undefined): AnswerWriter => new AnswerWriter(walkers, included ?? []);
  if (name !== 'SearchBatchResponse') return writer(include).message(descriptors[name], answer as Fields);
  const { results } = answer as SearchBatchResponse;
  return `{"results":[${results.map((result, index) => writer(searches?.[index]?.include).message(descriptors.SearchResponse, { ...result })).join()}]}`;
}

/** One stored record as itself. */
export async function recordAnswer(record: StoredRecord, include: readonly Include[], walkerOf: WalkerOf): Promise<string> {
  const id = wireSchemaId(record.record);
  return new AnswerWriter(new Map([[id, await walkerOf(id)]]), include).stored(record);
}

/** The stored records that an answer has, wherever its descriptor says: a field of that name alone may be a figure (Stats has one). */
function* recordsOf(descriptor: MessageDescriptor, message: Fields): Generator<Uint8Array> {
  for (const { key, type } of descriptor.fields) {
    if (type.kind !== 'array' || type.items.kind !== 'message') continue;
    const items = descriptors[type.items.name];
    for (const item of message[key] as readonly Fields[]) yield* recordsIn(items, item);
  }
}

function* recordsIn(descriptor: MessageDescriptor, message: Fields): Generator<Uint8Array> {
  if (descriptor.json !== 'StoredRecord' && descriptor.json !== 'Hit') yield* recordsOf(descriptor, message);
  else {
    const { record } = message as unknown as StoredRecord | Hit;
    if (record !== null) yield record;
  }
}

class AnswerWriter {
  readonly #walkers: ReadonlyMap<number, Walker>;
  readonly #include: readonly Include[];

  constructor(walkers: ReadonlyMap<number, Walker>, include: readonly Include[]) {
    this.#walkers = walkers;
    this.#include = include;
  }

  message(descriptor: MessageDescriptor, message: Fields): string {
    const parts: string[] = [];
    for (const { key, jsonName, json, type } of descriptor.fields) {
      const value = message[key];
      if (value === null || value === undefined || json === 'none') continue;
      parts.push(`${JSON.stringify(jsonName)}:${this.#value(type, value)}`);
    }
    return `{${parts.join()}}`;
  }

  stored({ record, version }: StoredRecord): string {
    const all = this.#include.length === 0;
    return recordToJson(this.#walker(record).view(record), {
      vector: all || this.#include.includes('vector'), metadata: all || this.#include.includes('metadata'), version,
    });
  }

  #hit(hit: Hit): string {
    const parts = [`"id":${JSON.stringify(hit.id)},"score":${number(hit.score)},"distance":${number(hit.distance)},"version":${JSON.stringify(hit.version)}`];
    if (hit.record !== null && this.#include.length > 0) {
      const view = this.#walker(hit.record).view(hit.record);
      if (this.#include.includes('vector')) parts.push(`"vector":${vectorToJson(view)}`);
      if (this.#include.includes('metadata')) parts.push(`"metadata":${metadataToJson(view.readMetadata())}`);
    }
    return `{${parts.join()}}`;
  }

  #walker(record: Uint8Array): Walker {
    const walker = this.#walkers.get(wireSchemaId(record));
    assert(walker !== undefined, 'the walkers of all records were looked up');
    return walker;
  }

  #value(type: TypeDescriptor, value: unknown): string {
    switch (type.kind) {
      case 'boolean': case 'string': case 'enum': return JSON.stringify(value);
      case 'int': case 'float': case 'double': return number(value as number);
      case 'long': return long(value as bigint);
      case 'floats': return `[${Array.from(value as Float32Array, number).join()}]`;
      case 'array': return `[${(value as readonly unknown[]).map((item) => this.#value(type.items, item)).join()}]`;
      case 'map': return JSON.stringify(value);
      case 'message': return this.#nested(descriptors[type.name], value);
      case 'bytes': case 'null': case 'oneof': throw new AssertionError(`no answer has ${type.kind} in JSON`);
      default: return unreachable(type);
    }
  }

  #nested(descriptor: MessageDescriptor, value: unknown): string {
    switch (descriptor.json) {
      case null: return this.message(descriptor, value as Fields);
      case 'StoredRecord': return this.stored(value as StoredRecord);
      case 'Hit': return this.#hit(value as Hit);
      default: throw new AssertionError(`no answer has ${descriptor.name} in JSON`);
    }
  }
}

function number(value: number): string {
  assert(Number.isFinite(value), 'a number in an answer is finite');
  return String(value);
}

function long(value: bigint): string {
  return Number.isSafeInteger(Number(value)) ? String(value) : `"${value}"`;
}

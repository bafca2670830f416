/** Answers from JSON, by the descriptors of their messages: longs are exact, and what is absent has its default. */
import { AssertionError } from '@proximadb/errors';
import { isJsonObject, JsonNumber, longOf, type JsonObject, type JsonValue } from '@proximadb/record/parse-json';
import type { TypeDescriptor } from '@proximadb/schemas';
import { descriptors } from '@proximadb/schemas/descriptors';
import type { Metadata, MetadataValue } from '../core/metadata.ts';
import type { FoundHit, FoundRecord } from '../core/wire.ts';

export function answerFromJson(name: keyof typeof descriptors, json: JsonObject): object {
  return Object.fromEntries(descriptors[name].fields.map(({ key, jsonName, nullable, type }) => {
    const value = json.get(jsonName);
    return [key, value === undefined || value === null ? nullable ? null : defaultOf(type) : valueOf(type, value)];
  }));
}

function valueOf(type: TypeDescriptor, json: JsonValue): unknown {
  switch (type.kind) {
    case 'boolean': case 'string': case 'enum': return json;
    case 'int': case 'float': case 'double': return numberOf(json);
    case 'long': return bigintOf(json);
    case 'array': return (json as readonly JsonValue[]).map((item) => valueOf(type.items, item));
    case 'map': return Object.fromEntries(json as ReadonlyMap<string, string>);
    case 'message': return messageOf(type.name, json as JsonObject);
    case 'floats': return floatsOf(json);
    case 'bytes': case 'null': case 'oneof': throw new AssertionError(`no answer has ${type.kind} in JSON`);
  }
}

function messageOf(name: keyof typeof descriptors, json: JsonObject): object {
  switch (descriptors[name].json) {
    case 'Hit': return hitOf(json);
    case 'StoredRecord': return storedOf(json);
    default: return answerFromJson(name, json);
  }
}

function defaultOf(type: TypeDescriptor): unknown {
  switch (type.kind) {
    case 'boolean': return false;
    case 'int': case 'float': case 'double': return 0;
    case 'long': return 0n;
    case 'array': return [];
    case 'map': return {};
    default: return '';
  }
}

function hitOf(json: JsonObject): FoundHit {
  return { id: json.get('id') as string, score: numberOf(json.get('score')), distance: numberOf(json.get('distance')), ...partsOf(json) };
}

function storedOf(json: JsonObject): FoundRecord {
  const expiresAt = json.get('expiresAt');
  return {
    id: json.get('id') as string, ...partsOf(json), timestamp: bigintOf(json.get('timestamp')),
    expiresAt: expiresAt === undefined ? null : bigintOf(expiresAt),
  };
}

function partsOf(json: JsonObject): { readonly version: string; readonly vector?: Float32Array; readonly metadata?: Metadata } {
  const [vector, metadata] = [json.get('vector'), json.get('metadata')];
  return {
    version: json.get('version') as string, ...(vector === undefined ? {} : { vector: floatsOf(vector) }),
    ...(metadata === undefined ? {} : { metadata: metadataOf(metadata as JsonObject) }),
  };
}

function metadataOf(json: JsonObject): Metadata {
  return Object.fromEntries(Array.from(json, ([key, value]) => [key, metadataValueOf(value)]));
}

function metadataValueOf(json: JsonValue): MetadataValue {
  if (json instanceof JsonNumber) return json.isInteger ? bigintOf(json) : json.toNumber();
  if (json === null || typeof json !== 'object') return json;
  if (!isJsonObject(json)) return json.map(metadataValueOf);
  if (json.size === 1 && json.has('$bytes')) return Uint8Array.from(atob(json.get('$bytes') as string), (character) => character.charCodeAt(0));
  // A map that would be taken for bytes.
  const inner = json.size === 1 ? json.get('$map') : undefined;
  return metadataOf(isJsonObject(inner) ? inner : json);
}

function floatsOf(json: JsonValue): Float32Array {
  return Float32Array.from(json as readonly JsonValue[], numberOf);
}

function numberOf(json: JsonValue | undefined): number {
  return json instanceof JsonNumber ? json.toNumber() : 0;
}

/** A number, or a text of its digits where a double would round it. */
function bigintOf(json: JsonValue | undefined): bigint {
  return longOf(json instanceof JsonNumber ? json.text : typeof json === 'string' ? json : '') ?? 0n;
}

/** Answers in the form in which two can be compared, whichever transport they came by. */
import type { Code, ErrorDetail } from '@proximadb/errors';
import { compileWalker, isJsonObject, JsonNumber, type JsonValue, type MetadataValue } from '@proximadb/record';
import { Cursor, ReadToken, schemaText, type Hit, type SearchRequest, type StoredRecord } from '@proximadb/schemas';

const walker = compileWalker(JSON.parse(schemaText('VectorRecord')));

/** A collection under test, and what its answers said. */
export class Target {
  readonly name: string;
  log = 0n;
  /** The last version of an id that was written. */
  readonly versions = new Map<string, string>();
  token = '';
  cursor = '';

  constructor(name: string) {
    this.name = name;
  }
}

/**
 * Any answer, in the form in which two can be compared: metadata with their exact types, no names, numbers or tokens of one collection.
 * A case looks at what its operation answers, so that all but the error is declared as being there.
 */
export interface Answer {
  readonly error?: { readonly code: Code; readonly message: string; readonly details: readonly ErrorDetail[] };
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: object;
  readonly versions: readonly string[];
  readonly refused: readonly object[];
  readonly deleted: number;
  readonly changed: number;
  readonly count: number;
  readonly cursor?: { readonly last: string; readonly offsets: readonly bigint[] };
  readonly records: readonly { readonly id: string }[];
  readonly hits: readonly PlainHit[];
  readonly results: readonly { readonly hits: readonly PlainHit[] }[];
  readonly explain: { readonly segments: readonly { readonly micros: string; readonly matching: number }[] };
}

interface PlainHit {
  readonly id: string;
  readonly score: number;
  readonly distance: number;
  readonly vector?: readonly number[];
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** From JSON: outside of metadata a number is a number, in it a long is not a double. */
export function plainJson(json: JsonValue, exact = false): unknown {
  if (json instanceof JsonNumber) return exact && json.isInteger ? json.toLong() : json.toNumber();
  if (Array.isArray(json)) return (json as readonly JsonValue[]).map((item) => plainJson(item, exact));
  if (!isJsonObject(json)) return json;
  if (exact && json.size === 1 && json.has('$bytes')) return { bytes: json.get('$bytes') };
  return Object.fromEntries([...json].map(([key, value]) => [key, key === 'vector' ? floats(value) : plainJson(value, exact || key === 'metadata')]));
}

const floats = (json: JsonValue): number[] => (plainJson(json) as number[]).map(Math.fround);

export interface Included {
  readonly include?: readonly string[];
  readonly searches?: readonly SearchRequest[];
}

/** From gRPC: what the JSON of a message is by the API's rules. Written for this test, from the rules, not from the server's code. */
export function plainMessage(message: object, request: Included): unknown {
  return Object.fromEntries(Object.entries(message).flatMap(([key, value]: [string, unknown]): [string, unknown][] => {
    if (value === null) return [];
    if (key === 'records' && Array.isArray(value)) return [[key, (value as StoredRecord[]).map((record) => plainStored(record, request.include ?? []))]];
    if (key === 'hits') return [[key, (value as Hit[]).map((hit) => plainHit(hit, request.include ?? []))]];
    if (key === 'results') return [[key, (value as object[]).map((result, index) => plainMessage(result, request.searches?.[index] ?? {}))]];
    return [[key, plainValue(value)]];
  }));
}

function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (Array.isArray(value)) return value.map(plainValue);
  return typeof value === 'object' && value !== null ? plainMessage(value, {}) : value;
}

export function plainStored({ version, record }: StoredRecord, include: readonly string[]): object {
  const { id, timestamp, expiresAt } = walker.view(record);
  return {
    id, version, ...contents(record, include.length === 0 ? ['vector', 'metadata'] : include), timestamp: plainValue(timestamp),
    ...(expiresAt === null ? {} : { expiresAt: plainValue(expiresAt) }),
  };
}

function plainHit({ id, score, distance, version, record }: Hit, include: readonly string[]): object {
  return { id, score, distance, version, ...(record === null ? {} : contents(record, include)) };
}

function contents(record: Uint8Array, include: readonly string[]): object {
  const view = walker.view(record);
  const vector = new Float32Array(view.vectorLength);
  view.copyVector(vector, 0);
  return {
    ...(include.includes('vector') ? { vector: [...vector] } : {}),
    ...(include.includes('metadata') ? { metadata: plainMetadata(view.readMetadata()) } : {}),
  };
}

function plainMetadata(value: MetadataValue): unknown {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') };
  if (value instanceof Map) return Object.fromEntries([...value as ReadonlyMap<string, MetadataValue>].map(([key, item]) => [key, plainMetadata(item)]));
  return Array.isArray(value) ? (value as readonly MetadataValue[]).map(plainMetadata) : value;
}

/** Takes out what is of one collection only; notes its tokens and versions. */
export function normalized(answer: unknown, target: Target): Answer {
  return comparable(answer, target) as Answer;
}

function comparable(answer: unknown, target: Target): unknown {
  if (Array.isArray(answer)) return answer.map((item: unknown) => comparable(item, target));
  if (typeof answer === 'string') return answer.replaceAll(target.name, 'NAME').replace(new RegExp(`^${target.log}-`), 'LOG-');
  if (typeof answer !== 'object' || answer === null) return answer;
  return Object.fromEntries(Object.entries(answer).map(([key, value]: [string, unknown]): [string, unknown] => {
    if (key === 'metadata' || key === 'vector') return [key, value];
    if (key === 'token') return [key, tokenOf(target.token = String(value))];
    if (key === 'cursor') return [key, cursorOf(target.cursor = String(value))];
    if (key === 'log') target.log = BigInt(value as number);
    // Of instants, sizes on the disk and durations it is only said that they are there.
    if (['log', 'createdAt', 'waitedMicros', 'totalMicros'].includes(key) || /^micros$|^(filter|search|rescoring)Micros$/.test(key)) return [key, typeof value];
    return [key, comparable(value, target)];
  }));
}

const tokenOf = (text: string): bigint[] => [...ReadToken.decode(Buffer.from(text, 'base64url')).offsets];
function cursorOf(text: string): unknown {
  const { after: last, token } = Cursor.decode(Buffer.from(text, 'base64url'));
  return { last, offsets: [...token.offsets] };
}

/** What a collection may be: every limit on what people say about one, and what is taken where they say nothing. */
import { invalid } from '@proximadb/errors';
import type { CollectionSettings, IndexKind, Metric, Quantization, StorageKind } from '@proximadb/schemas';

export interface SettingsRequest {
  /** 1 to 4096. */
  readonly dimension: number;
  /** Absent: cosine. */
  readonly metric?: Metric | null | undefined;
  /** 1 to 256; 0 or absent: the server's default. */
  readonly partitions?: number | null | undefined;
  /** hnsw: a graph; ivf: inverted lists; flat: every search is exact. Absent: hnsw. */
  readonly index?: IndexKind | null | undefined;
  readonly hnsw?: {
    /** Links a node, 2 to 128; 0 or absent: 16. */
    readonly m?: number | null | undefined;
    /** Breadth of the search while building, 8 to 2048; 0 or absent: 128. */
    readonly efConstruction?: number | null | undefined;
    /** Absent: what measures best for the metric. */
    readonly quantization?: Quantization | null | undefined;
  } | null | undefined;
  /** Where vectors and codes of segments are searched: in memory, or in their files. Absent: memory. */
  readonly storage?: StorageKind | null | undefined;
  /** Share of the nearest records that searches should find, more than 0.5 and less than 1; 0 or absent: 0.95. */
  readonly recallTarget?: number | null | undefined;
}

export interface SettingsDefaults {
  /** Default 12. */
  readonly partitions?: number;
  /** Largest record with its wire header, 1 KiB to 4 MiB. Default 1 MiB. */
  readonly recordBytesMax?: number;
}

const metrics = new Set<string>(['cosine', 'dot', 'euclidean', 'manhattan'] satisfies Metric[]);
const indexKinds = new Set<string>(['hnsw', 'flat', 'ivf'] satisfies IndexKind[]);
const storageKinds = new Set<string>(['memory', 'disk'] satisfies StorageKind[]);
const quantizations = new Set<string>(['f32', 'bf16', 'i8', 'b1'] satisfies Quantization[]);

/**
 * i8 keeps directions only, which is all that cosine looks at; the others need lengths, too, which bf16 keeps as f32 does
 * (docs/adr/0016-numbers-of-a-graph.md).
 */
export const bestQuantization: Readonly<Record<Metric, Quantization>> = { cosine: 'i8', dot: 'bf16', euclidean: 'bf16', manhattan: 'bf16' };

/**
 * The settings that a request asks for.
 * @throws AppError INVALID_ARGUMENT naming the field of the request.
 */
export function settingsFrom(request: SettingsRequest, defaults: SettingsDefaults = {}): CollectionSettings {
  const metric = request.metric ?? 'cosine';
  checkSymbol('metric', metric, metrics);
  const settings: CollectionSettings = {
    dimension: request.dimension,
    metric,
    partitions: request.partitions || (defaults.partitions ?? 12),
    index: request.index ?? 'hnsw',
    m: request.hnsw?.m || 16,
    ef_construction: request.hnsw?.efConstruction || 128,
    quantization: request.hnsw?.quantization ?? bestQuantization[metric],
    record_bytes_max: defaults.recordBytesMax ?? 1024 * 1024,
    storage: request.storage ?? 'memory',
    recall_target: orElse(request.recallTarget, 0.95),
  };
  checkSettings(settings);
  return settings;
}

/** @throws AppError INVALID_ARGUMENT naming the field as the API does. */
export function checkSettings(settings: CollectionSettings): void {
  checkInteger('dimension', settings.dimension, 1, 4096);
  checkSymbol('metric', settings.metric, metrics);
  checkInteger('partitions', settings.partitions, 1, 256);
  checkSymbol('index', settings.index, indexKinds);
  checkSymbol('storage', settings.storage, storageKinds);
  checkInteger('hnsw.m', settings.m, 2, 128);
  checkInteger('hnsw.efConstruction', settings.ef_construction, 8, 2048);
  checkSymbol('hnsw.quantization', settings.quantization, quantizations);
  checkInteger('recordBytesMax', settings.record_bytes_max, 1024, 4 * 1024 * 1024);
  checkShare('recallTarget', settings.recall_target, 0.5, 1);
  const vectorBytes = settings.dimension * Float32Array.BYTES_PER_ELEMENT;
  if (vectorBytes >= settings.record_bytes_max) {
    throw invalid(`a vector of ${vectorBytes} bytes does not fit into a record of at most ${settings.record_bytes_max}`, { field: 'dimension' });
  }
}

export function checkName(name: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(name)) {
    throw invalid('must be 1 to 63 of A-Z a-z 0-9 _ and -, a letter or a digit first', { field: 'name' });
  }
}

export function checkDescription(description: string): void {
  checkText('description', description, 0, 4096);
}

/** At most 64 tags; names of 1 to 256 bytes, values of at most 256. */
export function checkTags(tags: Readonly<Record<string, string>>): void {
  const entries = Object.entries(tags);
  if (entries.length > 64) throw invalid(`has ${entries.length} entries, at most 64 are allowed`, { field: 'tags' });
  for (const [key, value] of entries) {
    checkText('tags', key, 1, 256);
    // An object cannot hold it as it holds others, so it would get lost on the way.
    if (key === '__proto__') throw invalid('__proto__ is no name for a tag', { field: 'tags' });
    checkText(`tags.${key}`, value, 0, 256);
  }
}

export function checkRequestId(requestId: string): void {
  checkText('requestId', requestId, 1, 256);
}

/** What was said, where anything was: not a number is something, and is refused. */
export function orElse(said: number | null | undefined, otherwise: number): number {
  return said === undefined || said === null || said === 0 ? otherwise : said;
}

function checkInteger(field: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) throw invalid(`must be a whole number from ${least} to ${most}, is ${value}`, { field });
}

function checkShare(field: string, value: number, above: number, below: number): void {
  if (!(value > above && value < below)) throw invalid(`must be more than ${above} and less than ${below}, is ${value}`, { field });
}

function checkSymbol(field: string, value: string, allowed: ReadonlySet<string>): void {
  if (!allowed.has(value)) throw invalid(`must be one of ${[...allowed].join(', ')}`, { field });
}

function checkText(field: string, text: string, bytesMin: number, bytesMax: number): void {
  if (typeof text !== 'string' || !text.isWellFormed()) throw invalid('must be well-formed text', { field });
  const bytes = Buffer.byteLength(text);
  if (bytes < bytesMin || bytes > bytesMax) throw invalid(`must have ${bytesMin} to ${bytesMax} bytes, has ${bytes}`, { field });
}

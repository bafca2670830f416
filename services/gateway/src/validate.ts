import { AppError, invalid, type ErrorDetail } from '@proximadb/errors';
import type { Collection, RecordSchemas } from '@proximadb/catalog';
import { parseVersion, wireSchemaId, type RecordLimits, type RecordView, type Walker } from '@proximadb/record';
import type { Condition } from '@proximadb/schemas';
import type { WriteCondition } from './write-header.ts';

/** What of a record the log needs. A RecordView is one. */
export interface Writable {
  /** With the 5-byte wire header. */
  readonly bytes: Uint8Array;
  readonly idBytes: Uint8Array;
  readonly id: string;
}

/** After so many an error names no further mistakes. */
const detailsMax = 100;
const requestIdCharactersMax = 64;
const idBytesMax = 512;

/** Gathers the mistakes of a request, so that its caller learns of all of them (up to 100) at once. */
class Mistakes {
  readonly #details: ErrorDetail[] = [];

  /** Whether there is no use in looking for more. */
  get full(): boolean {
    return this.#details.length >= detailsMax;
  }

  add(detail: ErrorDetail): void {
    if (!this.full) this.#details.push(detail);
  }

  /** @param thrown what a check threw; anything but a caller's mistake is thrown on. */
  addThrown(thrown: unknown, record: number): void {
    if (!(thrown instanceof AppError) || thrown.code !== 'INVALID_ARGUMENT') throw thrown;
    const { field, reason } = thrown.details[0] ?? { reason: thrown.message };
    this.add({ record, ...(field === undefined ? {} : { field }), reason });
  }

  throwIfAny(): void {
    const [first] = this.#details;
    if (first === undefined) return;
    const where = [first.record === undefined ? undefined : `record ${first.record}`, first.field].filter((part) => part !== undefined).join(', ');
    const { length } = this.#details;
    const more = this.full ? `; ${length} mistakes are listed, there may be more` : length > 1 ? `; ${length} mistakes in all` : '';
    throw new AppError('INVALID_ARGUMENT', `${where}: ${first.reason}${more}; nothing was written`, { details: this.#details });
  }
}

/**
 * Walks every record of a write, and refuses the request if any is bad or an id comes twice.
 * @returns a view a record, on the very bytes given.
 * @throws AppError INVALID_ARGUMENT with a detail a mistake.
 */
export async function checkRecords(
  records: readonly Uint8Array[], kind: Walker['kind'], schemas: Pick<RecordSchemas, 'walker'>, limits: RecordLimits,
): Promise<RecordView[]> {
  const mistakes = new Mistakes();
  const views: RecordView[] = [];
  const places = new Map<string, number>();
  let walkerId = -1;
  let walker: Walker | undefined;
  for (let record = 0; record < records.length && !mistakes.full; record += 1) {
    try {
      const bytes = records[record] ?? nothing;
      const schemaId = wireSchemaId(bytes);
      if (walker === undefined || schemaId !== walkerId) {
        walker = undefined;
        const found = schemas.walker(schemaId);
        // A known schema costs no turn of the event loop.
        walker = found instanceof Promise ? await found : found;
        walkerId = schemaId;
      }
      if (walker.kind !== kind) throw invalid(`its schema is that of ${article[walker.kind]}, not of ${article[kind]}`);
      const view = walker.check(bytes, limits);
      views.push(view);
      noteId(view.id, record, places, mistakes);
    } catch (thrown) {
      mistakes.addThrown(thrown, record);
    }
  }
  mistakes.throwIfAny();
  return views;
}

const nothing = new Uint8Array();
const article = { upsert: 'an upsert', patch: 'a patch', delete: 'a delete' } as const satisfies Record<Walker['kind'], string>;

/** An id that comes twice is named at both of its places. */
function noteId(id: string, record: number, places: Map<string, number>, mistakes: Mistakes): void {
  const first = places.get(id);
  if (first === undefined) {
    places.set(id, record);
    return;
  }
  mistakes.add({ record: first, field: 'id', reason: `${JSON.stringify(id)} is in record ${record}, too` });
  mistakes.add({ record, field: 'id', reason: `${JSON.stringify(id)} is in record ${first}, too` });
}

/** @throws AppError INVALID_ARGUMENT naming the ids that are empty, too long, no text, or there twice. */
export function checkIds(ids: readonly string[]): Uint8Array[] {
  const mistakes = new Mistakes();
  const places = new Map<string, number>();
  const encoder = new TextEncoder();
  const encoded: Uint8Array[] = [];
  for (const [record, id] of ids.entries()) {
    if (mistakes.full) break;
    const bytes = encoder.encode(id);
    encoded.push(bytes);
    if (bytes.length === 0) mistakes.add({ record, field: 'id', reason: 'must not be empty' });
    else if (bytes.length > idBytesMax) mistakes.add({ record, field: 'id', reason: `has ${bytes.length} bytes; at most ${idBytesMax} are allowed` });
    else if (!id.isWellFormed()) mistakes.add({ record, field: 'id', reason: 'is not well-formed Unicode' });
    else noteId(id, record, places, mistakes);
  }
  mistakes.throwIfAny();
  return encoded;
}

/**
 * @param count records of the request.
 * @returns none, one for all records, or one a record.
 */
export function checkConditions(conditions: readonly Condition[], count: number): WriteCondition[] {
  if (conditions.length > 1 && conditions.length !== count) {
    throw invalid(`has ${conditions.length} conditions for ${count} records; none, one for all, or one a record are allowed`, { field: 'conditions' });
  }
  const mistakes = new Mistakes();
  const checked = conditions.map(({ condition }, index): WriteCondition => {
    // One for all is of no record.
    const place = { ...(conditions.length === 1 ? {} : { record: index }), field: `conditions[${index}]` };
    switch (condition?.kind) {
      case 'ifAbsent': return { kind: 'if_absent' };
      case 'ifPresent': return { kind: 'if_present' };
      case 'ifVersion': return versionCondition(condition.value, place, mistakes);
      case undefined:
        // One for all has to say something; in a list, a record without a condition is plain.
        if (conditions.length === 1) mistakes.add({ ...place, reason: 'is empty; ifAbsent, ifPresent or ifVersion is needed' });
        return { kind: 'none' };
    }
  });
  mistakes.throwIfAny();
  return checked;
}

function versionCondition(text: string, place: { readonly record?: number; readonly field: string }, mistakes: Mistakes): WriteCondition {
  try {
    const { log, offset } = parseVersion(text);
    return { kind: 'if_version', log, offset };
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    const reason = `${JSON.stringify(text.slice(0, 80))} is not a version, which looks like "12-345"`;
    mistakes.add({ ...place, field: `${place.field}.ifVersion`, reason });
    return { kind: 'none' };
  }
}

/** The client's request id, or a new one. */
export function requestIdOf(given: string | null, randomId: () => string): string {
  if (given === null) return randomId();
  const characters = given.length > 2 * requestIdCharactersMax ? given.length : [...given].length;
  if (characters < 1 || characters > requestIdCharactersMax) {
    throw invalid(`has ${characters} characters; 1 to ${requestIdCharactersMax} are allowed`, { field: 'requestId' });
  }
  if (!given.isWellFormed()) throw invalid('is not well-formed Unicode', { field: 'requestId' });
  return given;
}

export function checkAttempt(attempt: number): void {
  if (attempt < 0) throw invalid(`is ${attempt}; attempts count up from 0`, { field: 'attempt' });
}

/**
 * @param field of the request that holds the records, for errors.
 * @throws AppError INVALID_ARGUMENT without any, RESOURCE_EXHAUSTED for a request that is too large, and always will be.
 */
export function checkSize(field: string, count: number, bytes: number, limits: { readonly recordsMax: number; readonly requestBytesMax: number }): void {
  if (count === 0) throw invalid('has no record; at least one is needed', { field });
  const tooLarge = count > limits.recordsMax ? `has ${count} records; at most ${limits.recordsMax} are allowed in one request`
    : bytes > limits.requestBytesMax ? `has ${bytes} bytes; at most ${limits.requestBytesMax} are allowed in one request` : undefined;
  if (tooLarge !== undefined) throw new AppError('RESOURCE_EXHAUSTED', `${field} ${tooLarge}`, { details: [{ field, reason: tooLarge }] });
}

export function recordLimits(collection: Collection): RecordLimits {
  const { dimension, metric, record_bytes_max: recordBytesMax } = collection.settings;
  return { dimension, metric, recordBytesMax };
}

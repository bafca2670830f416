/** What was acknowledged, and what nobody knows: the state that a database has to show after a crash. */
import { strict as assert } from 'node:assert';
import { compileWalker, decodeVectorRecord, type MetadataValue } from '@proximadb/record';
import { schemaText, type StoredRecord } from '@proximadb/schemas';

export const dimension = 8;

export interface Content {
  readonly vector: readonly number[];
  readonly writer: string;
  /** Number of the writer's request that wrote it: it is the mark by which half a batch would be seen. */
  readonly request: number;
  /** Number of the request that patched it last. */
  readonly patched: number | null;
}

export interface Row extends Content {
  readonly version: string;
}

/** A request whose answer did not come. All of it was done, or nothing. */
export interface Unknown {
  readonly what: string;
  /** What it would make of each record; null: no record. */
  readonly after: ReadonlyMap<string, Content | null>;
  /** Sends it once more; notes the outcome in the book. @param seen the versions of what it did, if it was done. */
  readonly again: (seen: ReadonlyMap<string, string> | null) => Promise<void>;
  /** A delete by filter is many requests in one: each record for itself. */
  readonly inParts: boolean;
}

const walker = compileWalker(JSON.parse(schemaText('VectorRecord')));

export function metadataOf({ writer, request, patched }: Content): ReadonlyMap<string, MetadataValue> {
  const entries: [string, MetadataValue][] = [['writer', writer], ['request', BigInt(request)]];
  return new Map(patched === null ? entries : [...entries, ['patched', BigInt(patched)]]);
}

export function rowOf({ record, version }: StoredRecord): Row {
  const { vector, metadata } = decodeVectorRecord(record, walker);
  const patched = metadata.get('patched');
  const writer = metadata.get('writer');
  assert.ok(typeof writer === 'string', 'every record names its writer');
  return {
    vector: [...vector], writer, request: Number(metadata.get('request')),
    patched: patched === undefined ? null : Number(patched), version,
  };
}

export const sameContent = (one: Content | null, other: Content | null): boolean =>
  one === other || (one !== null && other !== null && one.writer === other.writer && one.request === other.request && one.patched === other.patched
    && one.vector.every((value, i) => value === other.vector[i]));

export class Book {
  readonly rows = new Map<string, Row>();
  readonly unknown: Unknown[] = [];
  /** Who was told that a claim is theirs. */
  readonly claims = new Map<string, string>();
  /** Collections whose making, or end, was acknowledged. */
  readonly collections = new Map<string, 'there' | 'gone' | 'unknown'>();

  /** @param seen what the database has, all of it. Unknown requests are sent again afterwards. */
  checkAfterCrash(seen: ReadonlyMap<string, Row>): void {
    const open = new Set(this.unknown.flatMap(({ after }) => [...after.keys()]));
    for (const [id, row] of this.rows) if (!open.has(id)) assert.deepEqual(seen.get(id), row, `${id} was acknowledged, and is not as it was`);
    for (const [id, row] of seen) assert.ok(open.has(id) || this.rows.has(id), `${id} was deleted or never written, and is there: ${JSON.stringify(row)}`);
    for (const request of this.unknown) this.#checkUnknown(request, seen);
  }

  #checkUnknown(request: Unknown, seen: ReadonlyMap<string, Row>): void {
    const states = [...request.after].map(([id, after]) => {
      const before = this.rows.get(id) ?? null;
      const now = seen.get(id) ?? null;
      const isAfter = sameContent(now, after);
      // Of several who wanted one claim, another may have got it.
      if (!isAfter && this.unknown.some((other) => other !== request && other.after.has(id) && sameContent(now, other.after.get(id) ?? null))) return 'either';
      const isBefore = sameContent(now, before) && now?.version === before?.version;
      assert.ok(isAfter || isBefore, `${request.what}: ${id} is neither as before nor as after it: ${JSON.stringify({ now, before, after })}`);
      // What looks alike before and after says nothing.
      return isAfter && isBefore ? 'either' : isAfter ? 'after' : 'before';
    });
    const decided = new Set(states.filter((state) => state !== 'either'));
    assert.ok(request.inParts || decided.size <= 1, `half a batch is visible: ${request.what}: ${states.join(' ')}`);
  }
}

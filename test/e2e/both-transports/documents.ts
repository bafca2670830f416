/** What the cases write. */
import type { MetadataValue } from '@proximadb/record';

export interface Document {
  readonly id: string;
  readonly vector: readonly number[];
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  readonly timestamp: bigint;
  readonly expiresAt: bigint | null;
}

/** All that a record may hold, with longs beyond what doubles hold. */
export const documents: Document[] = Array.from({ length: 30 }, (_, i) => ({
  id: i === 17 ? 'doc/17 ☂ "\\' : `doc-${String(i).padStart(2, '0')}`,
  vector: [Math.sin(i + 1), Math.cos(i * 3), (i % 5) - 2, 0.1],
  metadata: new Map<string, MetadataValue>([
    ['n', BigInt(i)], ['big', 2n ** 53n + BigInt(i)], ['small', -(2n ** 63n) + BigInt(i)], ['share', i / 4], ['lang', ['de', 'en', 'fr'][i % 3] ?? ''],
    ['tags', i % 4 === 0 ? ['a', 'b'] : ['b', BigInt(i)]], ['deep', new Map<string, MetadataValue>([['er', new Map([['est', BigInt(i % 3)]])]])],
    ['flag', i % 2 === 0], ['raw', Uint8Array.of(0, i, 255)], ['a.b', '\u0000 "quoted" \\ 😀'], ['empty', new Map()], ['list', []],
    ...(i % 5 === 0 ? [['maybe', null] as const] : []),
  ]),
  timestamp: 2n ** 62n + BigInt(i), expiresAt: i % 7 === 0 ? 2n ** 61n + 1n : null,
}));
export const chosen = (match: (document: Document, index: number) => boolean): string[] => documents.filter(match).map(({ id }) => id);

export function metadataText(value: MetadataValue): string {
  if (value instanceof Uint8Array) return `{"$bytes": "${Buffer.from(value).toString('base64')}"}`;
  if (value instanceof Map) {
    const entries = [...value as ReadonlyMap<string, MetadataValue>].map(([key, item]) => `${JSON.stringify(key)}: ${metadataText(item)}`);
    return `{${entries.join()}}`;
  }
  if (Array.isArray(value)) return `[${(value as readonly MetadataValue[]).map(metadataText).join()}]`;
  if (typeof value === 'number') return Number.isInteger(value) ? `${value}.0` : String(value);
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}

export function documentText({ id, vector, metadata, timestamp, expiresAt }: Document, condition = ''): string {
  return `{"id": ${JSON.stringify(id)}, "vector": ${JSON.stringify(vector)}, "metadata": ${metadataText(metadata)}, "timestamp": "${timestamp}"`
    + `${expiresAt === null ? '' : `, "expiresAt": ${expiresAt}`}${condition}}`;
}

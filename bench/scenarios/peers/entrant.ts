/** One peer in one run: its process, the ways it is asked, and recall by what the truth says. */
import type { DataSet } from '../../data/data-set.ts';
import type { Asked, Truth } from '../../data/truth.ts';
import type { PeerKind } from '../../peers/peer.ts';
import { none, type PeerAnswer, type PeerProcess } from '../../processes/peer.ts';

export interface Entrant {
  readonly kind: PeerKind;
  readonly process: PeerProcess;
  readonly version: string;
}

/** A peer, asked in one of its ways. */
export interface Way {
  readonly entrant: Entrant;
  readonly way: string;
  readonly label: string;
}

export function waysOf(entrant: Entrant): Way[] {
  return entrant.kind.ways.map((way) => ({ entrant, way, label: labelOf(entrant.kind, way) }));
}

export function labelOf(kind: PeerKind, way: string): string {
  return way === '' ? kind.name : `${kind.name}, ${way}`;
}

/** What all measurements of one data set share. */
export interface Course {
  readonly set: DataSet;
  readonly truth: Truth;
  readonly entrants: readonly Entrant[];
  readonly sizes: Sizes;
  readonly say: (line: string) => void;
}

/** How much is measured: the whole, the guard's, or so little that it only shows that it works. */
export interface Sizes {
  readonly rounds: number;
  /** What a block of searches is meant to take. */
  readonly blockMs: number;
  readonly blockQueriesMin: number;
  readonly ks: readonly number[];
  readonly clients: readonly number[];
  /** Of the efforts of a peer, each so-many-th. */
  readonly effortStep: number;
  readonly loadMs: number;
  /** Whether they are given the time to come to rest after all was written. */
  readonly rest: boolean;
}

export interface Judged {
  /** 0 to 1. */
  readonly recall: number;
  /** Answers with fewer rows than there were to find. */
  readonly short: number;
  /** Rows that are not there any more, or do not match. */
  readonly wrong: number;
}

/** @param queries of the block, in its order. @param isMember whether a row may be in an answer at all. */
export function judge(
  { found }: Pick<PeerAnswer, 'found'>, queries: readonly number[], k: number, { truth }: Course, asked: Asked, isMember: (row: number) => boolean = () => true,
): Judged {
  const exact = truth.of(asked);
  let hits = 0;
  let sought = 0;
  let short = 0;
  let wrong = 0;
  queries.forEach((query, i) => {
    const expected = new Set(exact[query]?.subarray(0, k));
    const rows = found.subarray(i * k, (i + 1) * k).filter((row) => row !== none);
    // A row that comes twice is one.
    const distinct = new Set(rows);
    hits += [...distinct].filter((row) => expected.has(row)).length;
    sought += expected.size;
    if (distinct.size < expected.size) short += 1;
    wrong += rows.filter((row) => !isMember(row)).length;
  });
  return { recall: sought === 0 ? 1 : hits / sought, short, wrong };
}

/** So many queries, from `from` on, around the end. */
export function queriesFrom({ set }: Course, from: number, count: number): number[] {
  return Array.from({ length: Math.min(count, set.queries.length) }, (_, i) => (from + i) % set.queries.length);
}

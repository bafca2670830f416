import type { CallContext } from '@proximadb/process';
import type { Log } from '@proximadb/log';
import type { Operations } from '@proximadb/schemas';
import type { ReadDependencies } from './reads.ts';
import { count, filterReader, get, scroll, type FilterReader } from './records.ts';
import { search, searchBatch } from './search.ts';
import { getReindex } from './reindex.ts';
import { stats } from './stats.ts';

type Operation<Name extends keyof Operations> = (request: Operations[Name]['request'], context: CallContext) => Promise<Operations[Name]['response']>;

/** The operations that read. No transport. */
export type Query = {
  readonly [Name in 'search' | 'searchBatch' | 'get' | 'scroll' | 'count' | 'stats' | 'getReindex']: Operation<Name>;
} & {
  /** For the gateway's delete by filter. */
  readonly reader: FilterReader;
  /** Reads that are worked on, and that wait for their turn. */
  readonly load: { readonly busy: number; readonly waiting: number };
};

export function queryOver(dependencies: ReadDependencies, log: Pick<Log, 'extents'>): Query {
  return {
    search: (request, context) => search(request, context, dependencies),
    searchBatch: (request, context) => searchBatch(request, context, dependencies),
    get: (request, context) => get(request, context, dependencies),
    scroll: (request, context) => scroll(request, context, dependencies),
    count: (request, context) => count(request, context, dependencies),
    stats: (request, context) => stats(request, context, dependencies, log),
    getReindex: (request, context) => getReindex(request, context, dependencies),
    reader: filterReader(dependencies),
    get load() {
      return { busy: dependencies.turns.busy, waiting: dependencies.turns.waiting };
    },
  };
}

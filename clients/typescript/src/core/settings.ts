/** How a collection is kept and searched. */
import type { Hnsw, IndexKind, Metric, StorageKind } from '@proximadb/schemas';

/** Of the graph of a collection. What is left out has the server's default. */
export type HnswSettings = { readonly [Name in keyof Hnsw]?: Hnsw[Name] | undefined };

/** What a collection is made with, and a reindex can change. */
export interface IndexSettings {
  /** 1 to 256. Default: the server's. */
  readonly partitions?: number | undefined;
  /** Default cosine. */
  readonly metric?: Metric | undefined;
  /** `hnsw`: a graph; `ivf`: inverted lists; `flat`: every search is exact. Default hnsw. */
  readonly index?: IndexKind | undefined;
  readonly hnsw?: HnswSettings | undefined;
  /** `memory`: vectors are held; `disk`: they are read from files. Default memory. */
  readonly storage?: StorageKind | undefined;
  /** Share of the nearest that searches should find, more than 0.5 and less than 1. Default 0.95. */
  readonly recallTarget?: number | undefined;
}

/** null where nothing is set. */
export function hnswOf(settings: HnswSettings = {}): Hnsw | null {
  const { m = 0, efConstruction = 0, quantization = null } = settings;
  return m === 0 && efConstruction === 0 && quantization === null ? null : { m, efConstruction, quantization };
}

/** Without what is undefined, which would stand in the place of a default. */
export function given<Settings extends object>(settings: Settings): { [Name in keyof Settings]: Exclude<Settings[Name], undefined> } {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as never;
}

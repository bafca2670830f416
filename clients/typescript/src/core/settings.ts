import type { Hnsw } from '@proximadb/schemas';

/** Of the graph of a collection. What is left out has the server's default. */
export type HnswSettings = { readonly [Name in keyof Hnsw]?: Hnsw[Name] | undefined };

/** null where nothing is set. */
export function hnswOf(settings: HnswSettings = {}): Hnsw | null {
  const { m = 0, efConstruction = 0, quantization = null } = settings;
  return m === 0 && efConstruction === 0 && quantization === null ? null : { m, efConstruction, quantization };
}

/** Without what is undefined, which would stand in the place of a default. */
export function given<Settings extends object>(settings: Settings): { [Name in keyof Settings]: Exclude<Settings[Name], undefined> } {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as never;
}

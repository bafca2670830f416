/**
 * A vector store of LangChain.js on a collection. The text of a document lies in its record's metadata under the key `text`, the document's own
 * metadata under `metadata`, as the Python client has it, too: a filter on them has that prefix, `{ 'metadata.year': { $gte: 2020 } }`.
 */
import { Document, type DocumentInterface } from '@langchain/core/documents';
import type { EmbeddingsInterface } from '@langchain/core/embeddings';
import { maximalMarginalRelevance } from '@langchain/core/utils/math';
import { VectorStore, type MaxMarginalRelevanceSearchOptions } from '@langchain/core/vectorstores';
import { newRequestId } from '@proximadb/transport/retries';
import type { Collection } from './core/collection.ts';
import type { Filter } from './core/filter.ts';
import type { Metadata, MetadataValue } from './core/metadata.ts';

/** What a record of a document has for metadata. */
export interface DocumentMetadata {
  readonly text: string;
  readonly metadata: Metadata;
}

export interface ProximaStoreConfig {
  /** Its dimension is that of the embeddings. Who made its connection, closes it. */
  readonly collection: Collection<DocumentMetadata>;
}

export interface AddOptions {
  /** One a document. Otherwise the documents' own, or new ones. */
  readonly ids?: readonly string[];
}

export class ProximaVectorStore extends VectorStore {
  declare FilterType: Filter;
  readonly collection: Collection<DocumentMetadata>;

  constructor(embeddings: EmbeddingsInterface, { collection }: ProximaStoreConfig) {
    super(embeddings, {});
    this.collection = collection;
  }

  override _vectorstoreType(): string {
    return 'proximadb';
  }

  /** Writes documents in place of those with the same ids. @returns the ids. @throws ProximaError, some of the documents may be written. */
  override async addDocuments(documents: DocumentInterface[], options: AddOptions = {}): Promise<string[]> {
    return this.addVectors(await this.embeddings.embedDocuments(documents.map(({ pageContent }) => pageContent)), documents, options);
  }

  override async addVectors(vectors: number[][], documents: DocumentInterface[], { ids }: AddOptions = {}): Promise<string[]> {
    const records = documents.map(({ id, pageContent, metadata }, at) =>
      ({ id: ids?.[at] ?? id ?? newRequestId(), vector: vectors[at] ?? [], metadata: { text: pageContent, metadata: metadata as Metadata } }));
    for (let from = 0; from < records.length; from += documentsOfRequest) await this.collection.upsert(records.slice(from, from + documentsOfRequest));
    return records.map(({ id }) => id);
  }

  /** By ids, or all that match a filter. */
  override async delete({ ids, filter }: { readonly ids?: readonly string[]; readonly filter?: Filter }): Promise<void> {
    if (ids !== undefined) await this.collection.delete(ids);
    if (filter !== undefined) await this.collection.deleteWhere(filter);
  }

  /** With the collection's scores: higher is better, for every metric. */
  override async similaritySearchVectorWithScore(query: number[], k: number, filter?: Filter): Promise<[Document, number][]> {
    const { hits } = await this.collection.search(query, { k, include: ['metadata'], ...filtered(filter) });
    return hits.map((hit) => [documentOf(hit.id, hit.metadata), hit.score]);
  }

  override async maxMarginalRelevanceSearch(query: string, options: MaxMarginalRelevanceSearchOptions<Filter>): Promise<Document[]> {
    const { k, fetchK = 20, lambda = 0.5, filter } = options;
    const embedded = await this.embeddings.embedQuery(query);
    const { hits } = await this.collection.search(embedded, { k: Math.max(k, fetchK), include: ['metadata', 'vector'], ...filtered(filter) });
    const chosen = maximalMarginalRelevance(embedded, hits.map(({ vector }) => [...vector]), lambda, k);
    return chosen.flatMap((at) => hits.slice(at, at + 1)).map(({ id, metadata }) => documentOf(id, metadata));
  }

  /** @returns those that are there, in the order of the ids. */
  async getByIds(ids: readonly string[]): Promise<Document[]> {
    return (await this.collection.get(ids, { include: ['metadata'] })).map(({ id, metadata }) => documentOf(id, metadata));
  }

  static override async fromTexts(
    texts: string[], metadatas: object[] | object, embeddings: EmbeddingsInterface, config: ProximaStoreConfig,
  ): Promise<ProximaVectorStore> {
    const documents = texts.map((pageContent, at) =>
      new Document({ pageContent, metadata: Array.isArray(metadatas) ? (metadatas as object[])[at] ?? {} : metadatas }));
    return this.fromDocuments(documents, embeddings, config);
  }

  static override async fromDocuments(
    documents: DocumentInterface[], embeddings: EmbeddingsInterface, config: ProximaStoreConfig,
  ): Promise<ProximaVectorStore> {
    const store = new this(embeddings, config);
    await store.addDocuments(documents);
    return store;
  }
}

/** With 4,096 dimensions and some text about 10 MiB. */
const documentsOfRequest = 500;

function filtered(filter: Filter | undefined): { readonly filter?: Filter<DocumentMetadata> } {
  return filter === undefined ? {} : { filter: filter };
}

function documentOf(id: string, { text, metadata }: { readonly text?: string; readonly metadata?: unknown }): Document {
  return new Document({ id, pageContent: text ?? '', metadata: plain(metadata ?? {}) as Record<string, unknown> });
}

/** Documents are written as JSON by many, which has no bigint: a whole number that a double holds is a number. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value as Readonly<Record<string, MetadataValue>>).map(([key, item]) => [key, plain(item)]));
}

/** The hand-written tables of methods: what the messages (from Avro) cannot say. The .proto files, OpenAPI and both transports follow them. */

export interface HttpRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** A name in braces is a field of the request. */
  readonly path: string;
}

/** A method of a gRPC service. */
export interface RpcRow {
  readonly name: string;
  /** Message names. */
  readonly requestName: string;
  readonly responseName: string;
  readonly stream: 'unary' | 'bidirectional';
  readonly summary: string;
}

/** A method of the API. A bidirectional one gives one answer a request, in order. */
export interface MethodRow extends RpcRow {
  /** Of a stream: the unary method that answers each of its requests. */
  readonly unaryOf?: string;
  /** null: gRPC only. */
  readonly http: HttpRoute | null;
  /**
   * A second route. Of Get, `{id}` is the only one of `ids`, the answer is the record itself, and a record that is not there is NOT_FOUND.
   */
  readonly extraHttp?: HttpRoute;
}

const collection = '/v1/collections/{collection}';

export const methodRows = [
  {
    name: 'CreateCollection', requestName: 'CreateCollectionRequest', responseName: 'Collection', stream: 'unary',
    http: { method: 'POST', path: '/v1/collections' }, summary: 'Creates a collection. ALREADY_EXISTS if the name is taken.',
  },
  {
    name: 'GetCollection', requestName: 'GetCollectionRequest', responseName: 'Collection', stream: 'unary',
    http: { method: 'GET', path: collection }, summary: 'Describes a collection.',
  },
  {
    name: 'ListCollections', requestName: 'ListCollectionsRequest', responseName: 'ListCollectionsResponse', stream: 'unary',
    http: { method: 'GET', path: '/v1/collections' }, summary: 'Describes all collections, by name.',
  },
  {
    name: 'UpdateCollection', requestName: 'UpdateCollectionRequest', responseName: 'Collection', stream: 'unary',
    http: { method: 'PATCH', path: collection }, summary: 'Changes a description or tags. Everything else is fixed for the life of a collection.',
  },
  {
    name: 'DeleteCollection', requestName: 'DeleteCollectionRequest', responseName: 'DeleteCollectionResponse', stream: 'unary',
    http: { method: 'DELETE', path: collection }, summary: 'Deletes a collection with all its records.',
  },
  {
    name: 'ReindexCollection', requestName: 'ReindexCollectionRequest', responseName: 'Reindex', stream: 'unary',
    http: { method: 'POST', path: `${collection}/reindex` },
    summary: 'Starts to rebuild a collection with other settings, beside the one that is there; answers when it has begun. Versions change.',
  },
  {
    name: 'GetReindex', requestName: 'GetReindexRequest', responseName: 'Reindex', stream: 'unary',
    http: { method: 'GET', path: `${collection}/reindex` }, summary: 'How far the last reindex is. NOT_FOUND if there was none.',
  },
  {
    name: 'AbortReindex', requestName: 'AbortReindexRequest', responseName: 'AbortReindexResponse', stream: 'unary',
    http: { method: 'DELETE', path: `${collection}/reindex` }, summary: 'Gives up a reindex that still copies; the collection stays as it is.',
  },
  {
    name: 'Upsert', requestName: 'UpsertRequest', responseName: 'WriteResponse', stream: 'unary',
    http: { method: 'PUT', path: `${collection}/records` }, summary: 'Writes records, in place of those with the same ids. All or nothing is accepted.',
  },
  {
    name: 'UpsertStream', requestName: 'UpsertRequest', responseName: 'WriteResponse', stream: 'bidirectional', unaryOf: 'Upsert',
    http: null, summary: 'Upserts without end; acks come in the order of the requests.',
  },
  {
    name: 'Patch', requestName: 'PatchRequest', responseName: 'WriteResponse', stream: 'unary',
    http: { method: 'PATCH', path: `${collection}/records` },
    summary: 'Changes parts of records: metadata keys, vector, times. A missing record is reported, not made.',
  },
  {
    name: 'Delete', requestName: 'DeleteRequest', responseName: 'DeleteResponse', stream: 'unary',
    http: { method: 'POST', path: `${collection}/records/delete` }, summary: 'Deletes records by ids or by a filter.',
  },
  {
    name: 'Get', requestName: 'GetRequest', responseName: 'GetResponse', stream: 'unary',
    http: { method: 'POST', path: `${collection}/records/get` },
    extraHttp: { method: 'GET', path: `${collection}/records/{id}` },
    summary: 'Reads records by ids.',
  },
  {
    name: 'Scroll', requestName: 'ScrollRequest', responseName: 'ScrollResponse', stream: 'unary',
    http: { method: 'POST', path: `${collection}/records/scroll` }, summary: 'Reads matching records page by page, in the order of their ids.',
  },
  {
    name: 'Count', requestName: 'CountRequest', responseName: 'CountResponse', stream: 'unary',
    http: { method: 'POST', path: `${collection}/records/count` }, summary: 'Counts matching records, exactly.',
  },
  {
    name: 'Search', requestName: 'SearchRequest', responseName: 'SearchResponse', stream: 'unary',
    http: { method: 'POST', path: `${collection}/search` }, summary: 'Finds the nearest records to a vector or to a stored record.',
  },
  {
    name: 'SearchBatch', requestName: 'SearchBatchRequest', responseName: 'SearchBatchResponse', stream: 'unary',
    http: { method: 'POST', path: `${collection}/search/batch` }, summary: 'Answers several searches at one state of the collection.',
  },
  {
    name: 'SearchStream', requestName: 'SearchRequest', responseName: 'SearchResponse', stream: 'bidirectional', unaryOf: 'Search',
    http: null, summary: 'Searches without end; answers come in the order of the requests.',
  },
  {
    name: 'GetSchema', requestName: 'GetSchemaRequest', responseName: 'GetSchemaResponse', stream: 'unary',
    http: { method: 'GET', path: '/v1/schemas/{name}' }, summary: 'The Avro schema of a kind of record, and the id that goes before its bytes.',
  },
  {
    name: 'Stats', requestName: 'StatsRequest', responseName: 'StatsResponse', stream: 'unary',
    http: { method: 'GET', path: `${collection}/stats` }, summary: 'What a collection holds, in memory and on disk, and how far its shards are.',
  },
  {
    name: 'Verify', requestName: 'VerifyRequest', responseName: 'VerifyResponse', stream: 'unary',
    http: { method: 'GET', path: `${collection}/verify` },
    summary: 'Compares the replicas of each partition at one offset, and names the records that they do not hold alike.',
  },
  {
    name: 'Diagnose', requestName: 'DiagnoseRequest', responseName: 'DiagnoseResponse', stream: 'unary',
    http: { method: 'GET', path: '/v1/diagnosis' }, summary: 'What is wrong, since when, and who must act.',
  },
] as const satisfies readonly MethodRow[];

/** What the processes of a cluster say to each other. */
export const clusterMethodRows = [
  {
    name: 'Exchange', requestName: 'ShardCalls', responseName: 'ShardAnswers', stream: 'bidirectional',
    summary: 'Calls of an indexer\'s shards, many at a time; each answer carries the id of its call, and they come in any order.',
  },
] as const satisfies readonly RpcRow[];

export type MethodName = (typeof methodRows)[number]['name'];

/** Generated files that are handed out as they are. */

/** Import root of the .proto files: a file URL. */
export const protoDirectory = new URL('../gen/proto/', import.meta.url);
/** `proximadb/v1/proximadb.proto`, for clients and for server reflection: a file URL. */
export const protoFile = new URL('proximadb/v1/proximadb.proto', protoDirectory);

/** The single source of truth: types and codecs generated from avro/, the table of methods, and the schemas themselves. */
export * from '../gen/ts/api.ts';
export * from '../gen/ts/cluster.ts';
export type * from '../gen/ts/log.ts';
export type * from '../gen/ts/storage.ts';
export { descriptors } from '../gen/ts/descriptors.ts';
export type { SchemaTypes } from '../gen/ts/schemas.ts';
export { avroType, avroTypeOf, decodeAvro, encodeAvro } from './avro.ts';
export { schemaFingerprint, schemaNames, schemaText, type SchemaName } from './texts.ts';
export type { FieldDescriptor, MessageDescriptor, TypeDescriptor } from './descriptor.ts';
export { exchangePath, method, methods, serviceName, shardsServiceName, type Method, type OperationName, type Operations } from './methods.ts';
export { type HttpRoute, type MethodName } from './table.ts';
export { fieldPrefix, type EnumCodec, type MessageCodec } from './wire.ts';
export { jsonSchema, openApiText, protoDirectory, protoFile, type JsonSchemaName } from './files.ts';

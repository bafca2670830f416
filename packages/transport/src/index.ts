/** Both transports of the API over one set of handlers. */
export type { AdmissionLimits } from './admission.ts';
export type { CallOptions, TimeLimits } from './call.ts';
export { addHealth, type Health } from './grpc/health.ts';
export { startGrpc, type GrpcOptions, type RunningServer } from './grpc/server.ts';
export type { CallContext, Handlers } from './handlers.ts';
export { filterFromJson, filterToJson } from './json/filter.ts';
export type { SchemaIds } from './json/read.ts';
export type { WalkerOf } from './json/write.ts';
export { startOperation, type OperationOptions } from './rest/operation.ts';
export { startRest, type RestOptions } from './rest/server.ts';

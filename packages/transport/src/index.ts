/** Both transports of the API over one set of handlers. */
export type { AdmissionLimits } from './admission.ts';
export type { CallOptions, TimeLimits } from './call.ts';
export { startGrpc, type GrpcOptions, type RunningServer } from './grpc/server.ts';
export type { CallContext, Handlers } from './handlers.ts';

/** The public API of a process: both transports over one set of handlers. */
import type { Catalog } from '@proximadb/catalog';
import type { Logger, Metrics, Readiness } from '@proximadb/process';
import { startGrpc, startRest, type Handlers, type RunningServer } from '@proximadb/transport';
import type { CommonConfig, TransportConfig } from './config.ts';
import type { Running } from './lifecycle.ts';

export interface Api {
  readonly handlers: Handlers;
  readonly catalog: Catalog;
  readonly readiness: () => Readiness;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Listens, into a stack that stops it. @throws AppError UNAVAILABLE if a port is taken. */
export async function serveApi(config: CommonConfig & TransportConfig, api: Api, opened: AsyncDisposableStack): Promise<Running> {
  const { catalog, ...rest } = api;
  const transport = {
    ...rest, host: config.host, limits: { timeoutMsDefault: config.timeoutMs },
    admission: { callsMax: config.callsMax, bytesMax: config.callBytesMax },
  };
  const servers: RunningServer[] = [];
  opened.defer(async () => { await Promise.all(servers.map((server) => server.close(config.graceMs))); });
  const grpc = await startGrpc({ ...transport, port: config.grpcPort, messageBytesMax: config.messageBytesMax });
  servers.push(grpc);
  const http = await startRest({
    ...transport, port: config.restPort, bodyBytesMax: config.messageBytesMax, corsOrigins: config.rest.corsOrigins,
    schemaIds: { VectorRecord: catalog.schemas.idOf('VectorRecord'), PatchRecord: catalog.schemas.idOf('PatchRecord') },
    walker: (schemaId) => catalog.schemas.walker(schemaId),
  });
  servers.push(http);
  return { grpcPort: grpc.port, restPort: http.port };
}

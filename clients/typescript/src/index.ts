/** The client over gRPC, for Node. */
import { createClient, type ClientOptions, type UnaryCalls } from '@proximadb/transport/client';
import { Database } from './core/database.ts';
import { GrpcWire } from './grpc/wire.ts';

export * from './surface.ts';
export type { ClientOptions, UnaryCalls };

/** A database with the messages of its protocol beside what the client makes of them. */
export class GrpcDatabase extends Database {
  /** Every operation as it is in the .proto files, with records as bytes; repeated as all calls are. */
  readonly calls: UnaryCalls;

  constructor(address: string, options: ClientOptions) {
    const client = createClient(address, options);
    super(new GrpcWire(client));
    this.calls = client;
  }
}

/**
 * @param address `host:port`, or several with commas: servers of one cluster, of which one is used until it does not answer.
 *   Connections are made by the first call that needs them.
 */
export function connect(address: string, options: ClientOptions = {}): GrpcDatabase {
  return new GrpcDatabase(address, { searchStreams: true, ...options });
}

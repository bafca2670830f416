/** The client over REST, by `fetch` alone: for browsers, edge runtimes, and wherever gRPC does not reach. */
import { Database } from './core/database.ts';
import { RestWire, type RestOptions } from './rest/wire.ts';

export * from './surface.ts';
export type { RestOptions };

/** @param url `http://host:port`, or several with commas: servers of one cluster, of which one is used until it does not answer. */
export function connect(url: string, options: RestOptions = {}): Database {
  return new Database(new RestWire(url, options));
}

import { assert } from '@proximadb/errors';

/**
 * Servers that can stand in for each other. One is used until it does not answer, then the next: a retry goes to another one, with the
 * request id of the first attempt.
 */
export class Servers<Server> {
  readonly all: readonly Server[];
  #current = 0;

  /** @param addresses with commas; at least one. */
  constructor(addresses: string, open: (address: string) => Server) {
    this.all = addresses.split(',').map((address) => open(address.trim()));
  }

  get current(): Server {
    const server = this.all[this.#current];
    assert(server !== undefined, 'there is at least one address');
    return server;
  }

  /** @param failed is left, unless another call has left it already. */
  leave(failed: Server): void {
    if (this.current === failed) this.#current = (this.#current + 1) % this.all.length;
  }
}

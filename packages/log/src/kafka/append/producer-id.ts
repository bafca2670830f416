import { setTimeout as delay } from 'node:timers/promises';
import type { BrokerLink } from '../broker/broker-link.ts';
import { LinkError } from '../broker/link-error.ts';
import { isPassing, protocolError, refusal } from '../wire/errors.ts';
import { initProducerIdRequest } from '../wire/produce.ts';

const TRIES = 50;
const TRY_AGAIN_MS = 20;

/** The producer id that partitions begin with; all of a log share one. */
export class ProducerId {
  #current = -1;

  /**
   * The id, or another one than `not`.
   * @throws LinkError; AppError if the broker gives none.
   */
  async obtain(link: BrokerLink, not = -1): Promise<number> {
    if (this.#current >= 0 && this.#current !== not) return this.#current;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const { error, producerId } = await link.send(initProducerIdRequest);
      if (error === protocolError.NONE) {
        this.#current = producerId;
        return producerId;
      }
      if (!isPassing(error)) throw refusal(error, 'an id for this producer');
      // A broker that has just started gets its ids from the controller first.
      await delay(TRY_AGAIN_MS);
    }
    throw new LinkError('the broker has no id for this producer', false);
  }
}

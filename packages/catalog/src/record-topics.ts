/** The record topics of the collections: made when a collection is, known again by their ids, deleted with it. */
import { AppError, assert } from '@proximadb/errors';
import type { Log } from '@proximadb/log';
import type { Collection } from './collection.ts';
import type { Journal } from './journal.ts';

export class RecordTopics {
  readonly #log: Log;
  readonly #journal: Journal;
  readonly #completing = new Map<number, Promise<Collection>>();

  constructor(log: Log, journal: Journal) {
    this.#log = log;
    this.#journal = journal;
  }

  /**
   * Makes the topic of a collection that is being created, and has the catalog say so. Any number of processes may do it at once.
   * @throws AppError ABORTED if the collection was deleted meanwhile; DATA_LOSS for a topic that cannot be the collection's.
   */
  complete(log: number): Promise<Collection> {
    let completing = this.#completing.get(log);
    if (completing === undefined) {
      completing = this.#complete(log).finally(() => this.#completing.delete(log));
      this.#completing.set(log, completing);
    }
    return completing;
  }

  async #complete(log: number): Promise<Collection> {
    const collection = this.#journal.state.byLog(log);
    if (collection?.state !== 'creating') return this.#completed(log);
    const { topic, settings } = collection;
    const { topicId } = await this.#log.createTopic(topic, settings.partitions);
    if ((await this.#log.extents(topic)).some(({ start, end }) => start !== 0 || end !== 0)) {
      // Records may be there only if somebody else has completed it, and they were written after that.
      await this.#journal.catchUp();
      if (this.#journal.state.byLog(log)?.state === 'creating') {
        throw operatorError(`topic ${topic} holds records although its collection is only being created: it is left from another catalog. Delete the topic`);
      }
    } else {
      await this.#journal.append({ kind: 'ready', log, topicId });
    }
    // Deleted and erased before the topic was there: nobody else will remove it.
    if (this.#journal.state.byLog(log) === undefined) await this.#log.deleteTopic(topic);
    const completed = this.#completed(log);
    if (completed.topicId !== topicId) throw wrongTopic(completed, topicId);
    return completed;
  }

  #completed(log: number): Collection {
    const collection = this.#journal.state.byLog(log);
    if (collection === undefined || collection.state === 'deleted') throw new AppError('ABORTED', 'the collection was deleted while it was created');
    assert(collection.state !== 'creating', 'a completed collection has its topic');
    return collection;
  }

  /**
   * That the topic of a ready collection is the one it was made with.
   * @throws AppError DATA_LOSS, for an operator, if it is gone, was made anew, or has another number of partitions.
   */
  async verify(collection: Collection): Promise<void> {
    const { topic, topicId, settings } = collection;
    const found = await this.#log.describeTopic(topic);
    if (found === undefined) throw operatorError(`topic ${topic} of collection ${collection.name} is gone. Restore it, or delete the collection`);
    if (found.topicId !== topicId) throw wrongTopic(collection, found.topicId);
    if (found.partitions !== settings.partitions) {
      throw operatorError(`topic ${topic} of collection ${collection.name} has ${found.partitions} partitions instead of ${settings.partitions}`);
    }
  }

  async remove(collection: Collection): Promise<void> {
    await this.#log.deleteTopic(collection.topic);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#completing.values());
  }
}

function wrongTopic({ name, topic, topicId }: Collection, found: string): AppError {
  return operatorError(`topic ${topic} of collection ${name} was made anew: its id is ${found} instead of ${topicId}. Restore it, or delete the collection`);
}

function operatorError(message: string): AppError {
  return new AppError('DATA_LOSS', message);
}

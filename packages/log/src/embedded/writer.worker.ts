/** The writer's thread: asks the disk so that the log's thread need not wait for it. */
import { BroadcastChannel, parentPort, workerData } from 'node:worker_threads';
import { AppError, assert, AssertionError } from '@proximadb/errors';
import { describeDiskError } from './disk-errors.ts';
import { FileRoom } from './file-room.ts';
import type { Answers, Question, Refusal, Reply, WriterData } from './messages.ts';
import { Store } from './store.ts';
import { Writer } from './writer.ts';

assert(parentPort !== null, 'the writer is a thread');
const port = parentPort;
const { directory, channel } = workerData as WriterData;

class WriterService {
  readonly #store = new Store(directory, 'write');
  readonly #room = new FileRoom(directory, this.#store);
  readonly #writer = new Writer(this.#store, this.#room, (announcement) => { this.#announcements.postMessage(announcement); });
  /** The last to be opened: what fails before leaves nothing that would keep the thread alive. */
  readonly #announcements = new BroadcastChannel(channel);
  #eraseSoon: NodeJS.Immediate | undefined;
  /** Once set, the store is not touched again: a transaction that cannot begin would take the process down. */
  #broken: Refusal | undefined;

  serve(): void {
    this.#announcements.unref();
    port.on('message', ({ id, question }: { id: number; question: Question }) => {
      if (question.kind === 'close') return void this.#close(id);
      port.postMessage(this.#reply(id, question));
      this.#eraseWhenIdle();
    });
    port.postMessage({ kind: 'opened', opened: this.#writer.opened() } satisfies Reply);
    this.#eraseWhenIdle();
  }

  #reply(id: number, question: Exclude<Question, { kind: 'close' }>): Reply {
    if (this.#broken !== undefined) return { kind: 'refusal', id, refusal: this.#broken };
    try {
      return { kind: 'answer', id, answer: this.#answer(question) };
    } catch (error) {
      return { kind: 'refusal', id, refusal: this.#refusal(error) };
    }
  }

  #answer(question: Exclude<Question, { kind: 'close' }>): Answers[keyof Answers] {
    const writer = this.#writer;
    switch (question.kind) {
      case 'append': return writer.append(question.requests);
      case 'createTopic': return writer.createTopic(question.topic, question.partitions, question.topicId);
      case 'deleteTopic': writer.deleteTopic(question.topic); return undefined;
      case 'closeTopic': return writer.closeTopic(question.topic, question.closed);
      case 'trim': writer.trim(question.topic, question.partition, question.before); return undefined;
      case 'usage': return { ...this.#store.usage(), erasing: writer.erasing };
    }
  }

  /** Lets our own bugs through: they end the thread, and with it the process. */
  #refusal(error: unknown): Refusal {
    if (error instanceof AssertionError) throw error;
    if (error instanceof AppError) return { kind: 'refused', code: error.code, message: error.message, details: error.details };
    const message = describeDiskError(error);
    if (this.#store.isSound()) return { kind: 'failed', message };
    this.#broken = { kind: 'broken', message };
    return this.#broken;
  }

  /** A step of erasing whenever nobody waits. On a full disk it is tried again after the next question. */
  #eraseWhenIdle(): void {
    if (!this.#writer.erasing || this.#eraseSoon !== undefined || this.#broken !== undefined) return;
    this.#eraseSoon = setImmediate(() => {
      this.#eraseSoon = undefined;
      try {
        this.#writer.erase();
      } catch (error) {
        this.#refusal(error);
        return;
      }
      this.#eraseWhenIdle();
    });
  }

  async #close(id: number): Promise<void> {
    clearImmediate(this.#eraseSoon);
    this.#announcements.close();
    this.#room[Symbol.dispose]();
    await this.#store.close();
    port.postMessage({ kind: 'answer', id, answer: undefined } satisfies Reply);
    port.close();
  }
}

try {
  new WriterService().serve();
} catch (error) {
  if (error instanceof AssertionError) throw error;
  const code = error instanceof AppError ? error.code : 'UNAVAILABLE';
  port.postMessage({ kind: 'unopened', code, message: error instanceof AppError ? error.message : describeDiskError(error) } satisfies Reply);
  port.close();
}

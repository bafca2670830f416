/** The writer's thread: asks the disk so that the log's thread need not wait for it. */
import { BroadcastChannel, parentPort, workerData } from 'node:worker_threads';
import { AppError, assert, AssertionError } from '@proximadb/errors';
import type { Answers, Question, Refusal, Reply, WriterData } from './messages.ts';
import { FileRoom } from './file-room.ts';
import { Store } from './store.ts';
import { describeDiskError } from './disk-errors.ts';
import { Writer } from './writer.ts';

assert(parentPort !== null, 'the writer is a thread');
const port = parentPort;
const { directory, channel } = workerData as WriterData;
const announcements = new BroadcastChannel(channel);
announcements.unref();
const store = new Store(directory, 'write');
const room = new FileRoom(directory, store);
const writer = new Writer(store, room, (announcement) => { announcements.postMessage(announcement); });
let eraseSoon: NodeJS.Immediate | undefined;
/** Once set, the store is not touched again: a transaction that cannot begin would take the process down. */
let broken: Refusal | undefined;

function answer(question: Exclude<Question, { kind: 'close' }>): Answers[keyof Answers] {
  switch (question.kind) {
    case 'append': return writer.append(question.requests);
    case 'createTopic': return writer.createTopic(question.topic, question.partitions, question.topicId);
    case 'deleteTopic': writer.deleteTopic(question.topic); return undefined;
    case 'trim': writer.trim(question.topic, question.partition, question.before); return undefined;
    case 'usage': return { ...store.usage(), erasing: writer.erasing };
  }
}

/** Lets our own bugs through: they end the thread, and with it the process. */
function refusal(error: unknown): Refusal {
  if (error instanceof AssertionError) throw error;
  if (error instanceof AppError) return { kind: 'refused', code: error.code, message: error.message, details: error.details };
  const message = describeDiskError(error);
  if (store.isSound()) return { kind: 'failed', message };
  broken = { kind: 'broken', message };
  return broken;
}

function reply(id: number, question: Exclude<Question, { kind: 'close' }>): Reply {
  if (broken !== undefined) return { kind: 'refusal', id, refusal: broken };
  try {
    return { kind: 'answer', id, answer: answer(question) };
  } catch (error) {
    return { kind: 'refusal', id, refusal: refusal(error) };
  }
}

/** A step of erasing whenever nobody waits. On a full disk it is tried again after the next question. */
function eraseWhenIdle(): void {
  if (!writer.erasing || eraseSoon !== undefined || broken !== undefined) return;
  eraseSoon = setImmediate(() => {
    eraseSoon = undefined;
    try {
      writer.erase();
    } catch (error) {
      refusal(error);
      return;
    }
    eraseWhenIdle();
  });
}

async function close(id: number): Promise<void> {
  clearImmediate(eraseSoon);
  announcements.close();
  room[Symbol.dispose]();
  await store.close();
  port.postMessage({ kind: 'answer', id, answer: undefined } satisfies Reply);
  port.close();
}

port.on('message', ({ id, question }: { id: number; question: Question }) => {
  if (question.kind === 'close') return void close(id);
  port.postMessage(reply(id, question));
  eraseWhenIdle();
});
port.postMessage({ kind: 'opened', opened: writer.opened() } satisfies Reply);
eraseWhenIdle();

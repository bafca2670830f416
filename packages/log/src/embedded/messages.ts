import type { ErrorDetail, Code } from '@proximadb/errors';
import type { TopicRow } from './rows.ts';

/** What the log's thread asks of the writer's thread. Answers come in the order of the questions. */
export type Question =
  | { readonly kind: 'append'; readonly requests: readonly AppendFrame[] }
  | { readonly kind: 'createTopic'; readonly topic: string; readonly partitions: number; readonly topicId: string }
  | { readonly kind: 'deleteTopic'; readonly topic: string }
  | { readonly kind: 'closeTopic'; readonly topic: string; readonly closed: boolean }
  | { readonly kind: 'trim'; readonly topic: number; readonly partition: number; readonly before: number }
  | { readonly kind: 'usage' }
  | { readonly kind: 'close' };

/** One call of `append`. */
export interface AppendFrame {
  readonly topic: number;
  readonly entries: number;
  /** See record-codec.ts. */
  readonly frame: Uint8Array<ArrayBuffer>;
}

/** The offset of each entry of each request; or why its topic takes none. */
export type AppendAnswer = readonly (Float64Array<ArrayBuffer> | 'gone' | 'closed')[];

export interface Usage {
  /** Size of the file; it never shrinks. */
  readonly fileBytes: number;
  /** How much of it holds something; the rest is written again before the file grows. */
  readonly usedBytes: number;
  /** Whether deleted or trimmed records are still being erased. */
  readonly erasing: boolean;
}

export interface Answers {
  readonly append: AppendAnswer;
  readonly createTopic: TopicRow;
  readonly deleteTopic: undefined;
  readonly closeTopic: TopicRow;
  readonly trim: undefined;
  readonly usage: Usage;
  readonly close: undefined;
}

/** Why the writer could not do what it was asked. */
export type Refusal =
  /** Nothing was changed. */
  | { readonly kind: 'refused'; readonly code: Code; readonly message: string; readonly details: readonly ErrorDetail[] }
  /** The disk refused or failed, most often for want of room; nothing was changed, and it may be tried again. */
  | { readonly kind: 'failed'; readonly message: string }
  /** The disk failed in the very write that names a transaction: whether it did is not known before the store is opened again. */
  | { readonly kind: 'broken'; readonly message: string };

/** First message of the writer. */
export interface Opened {
  readonly clusterId: string;
  readonly topics: readonly TopicRow[];
  /** Highest append time in the store; 0 in an empty one. */
  readonly lastAppendTimeMicros: number;
}

export type Reply =
  | { readonly kind: 'opened'; readonly opened: Opened }
  /** In the place of `opened`, and the last message. */
  | { readonly kind: 'unopened'; readonly code: Code; readonly message: string }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answers[keyof Answers] }
  | { readonly kind: 'refusal'; readonly id: number; readonly refusal: Refusal };

/** What the writer's thread is started with. */
export interface WriterData {
  readonly directory: string;
  readonly channel: string;
}

import { AppError } from '@proximadb/errors';

/** When to come back to a topic that is closed: until then it is open again, or another one has taken its place. */
const RETRY_AFTER_MS = 250;

/** What an append to a closed topic is told. */
export function closedTopic(topic: string): AppError {
  return new AppError('UNAVAILABLE', `topic ${topic} is closed to writers`, {
    retryAfterMs: RETRY_AFTER_MS, details: [{ field: 'topic', reason: 'closed' }],
  });
}

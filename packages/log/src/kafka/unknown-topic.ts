import { AppError } from '@proximadb/errors';

export function unknownTopic(topic: string): AppError {
  return new AppError('NOT_FOUND', `there is no topic ${topic}`);
}

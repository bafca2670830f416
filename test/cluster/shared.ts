/** Parts that many test files use at once: those that `npm test` started for all of them, or this process's own. */
import process from 'node:process';
import { startKafka } from './kafka.ts';

/** Where the parts that `npm test` starts are told to the files. */
export const variables = { kafka: 'PROXIMADB_TEST_KAFKA' } as const;

export interface SharedKafka {
  readonly bootstrap: readonly string[];
}

let kafka: Promise<SharedKafka> | undefined;

/** One broker, one for all: make topics of names of your own, leave its settings alone, do not break it. It ends with the process. */
export function sharedKafka(): Promise<SharedKafka> {
  const given = process.env[variables.kafka];
  kafka ??= given === undefined ? startKafka() : Promise.resolve({ bootstrap: given.split(',') });
  return kafka;
}

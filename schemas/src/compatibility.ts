/** Whether what one release writes can be read by another: the checks that a change to a schema has to pass. */
import { avroTypeOf } from './avro.ts';
import type { SchemaName } from './texts.ts';

/** Why a reader of one schema cannot read what is written in another, or null. Both are texts of one name. */
export function unreadable(name: SchemaName, readerText: string, writerText: string): string | null {
  try {
    avroTypeOf(name, readerText).createResolver(avroTypeOf(name, writerText));
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * The rule for everything that outlives a process: today reads yesterday (a shard replays old logs), and yesterday reads today (releases
 * run side by side in an upgrade).
 * @returns what breaks, in sentences; empty if nothing does.
 */
export function breakages(name: SchemaName, yesterday: string, today: string): string[] {
  const found: string[] = [];
  const backward = unreadable(name, today, yesterday);
  if (backward !== null) found.push(`${name}: today's release cannot read old bytes: ${backward}`);
  const forward = unreadable(name, yesterday, today);
  if (forward !== null) found.push(`${name}: an older release cannot read today's bytes: ${forward}`);
  return found;
}

/** For the wire of the API: message → field number → what it is; enum → number → symbol. */
export type ApiSurface = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * A number on the wire keeps its meaning for ever: it may be retired (attribute `reserved`), never changed.
 * @param retired numbers that today's schemas list as retired, by message or enum.
 */
export function apiBreakages(yesterday: ApiSurface, today: ApiSurface, retired: Readonly<Record<string, readonly number[]>>): string[] {
  const found: string[] = [];
  for (const [name, numbers] of Object.entries(yesterday)) {
    const now = today[name];
    if (now === undefined) {
      found.push(`${name}: is gone`);
      continue;
    }
    for (const [number, meaning] of Object.entries(numbers)) {
      const means = now[number];
      if (means === undefined) {
        if (retired[name]?.includes(Number(number)) !== true) found.push(`${name}: number ${number} (${meaning}) is gone and not in reserved`);
      } else if (means !== meaning) found.push(`${name}: number ${number} was ${meaning}, and now is ${means}`);
    }
  }
  return found;
}

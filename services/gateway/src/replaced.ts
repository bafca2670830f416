/** Retries over the flip of a reindex: a request that an earlier generation decided is not decided again. */
import type { Collection } from '@proximadb/catalog';
import { partitionOf, type Log } from '@proximadb/log';
import { type CallContext, within } from '@proximadb/process';
import { formatVersion } from '@proximadb/record';
import type { RefusedRecord } from '@proximadb/schemas';
import type { Write, Written } from './append.ts';
import type { Outcome, Outcomes, OutcomesWanted } from './outcomes.ts';

export interface RestDependencies {
  readonly log: Pick<Log, 'extents'>;
  readonly outcomes: Outcomes;
  /** Writes what no earlier generation knows. */
  readonly append: (rest: Write) => Promise<Written>;
}

/**
 * Asks the generations that were replaced, the oldest first, and writes what none of them remembers. They take no writes any more, so
 * every repetition of the request hears the same of them, and writes the same rest.
 * @throws AppError UNAVAILABLE or DEADLINE_EXCEEDED if a generation does not answer: then nothing was written.
 */
export async function appendRest(write: Write, earlier: readonly Collection[], context: CallContext, dependencies: RestDependencies): Promise<Written> {
  const known = new Map<number, Outcome & { readonly log: number }>();
  let rest = write.records.map((_, record) => record);
  for (const generation of earlier) {
    const outcomes = await outcomesIn(generation, write, rest, context, dependencies);
    rest.forEach((record, i) => {
      const outcome = outcomes[i];
      if (outcome !== undefined && outcome.kind !== 'unknown') known.set(record, { ...outcome, log: generation.log });
    });
    rest = rest.filter((record) => !known.has(record));
  }
  const written = rest.length === 0 ? undefined : await dependencies.append({
    ...write,
    records: rest.flatMap((record) => write.records[record] ?? []),
    conditions: write.conditions.length === 1 ? write.conditions : rest.flatMap((record) => write.conditions[record] ?? []),
  });
  const refused: RefusedRecord[] = (written?.refused ?? []).map((one) => ({ ...one, record: rest[one.record] ?? 0 }));
  const versions = new Array<string>(write.records.length).fill('');
  rest.forEach((record, i) => { versions[record] = written?.versions[i] ?? ''; });
  for (const [record, outcome] of known) {
    if (outcome.kind === 'applied') versions[record] = formatVersion(outcome.log, outcome.offset);
    else if (outcome.kind === 'refused') refused.push({ record, id: write.records[record]?.id ?? '', reason: outcome.reason });
  }
  // All that an earlier generation applied lies below the floor of this one.
  const floor = write.collection.reindex?.floor ?? [];
  const offsets = Array.from({ length: write.collection.settings.partitions }, (_, i) => Math.max(floor[i] ?? 0, written?.offsets[i] ?? 0));
  return { offsets, versions, refused: refused.sort((a, b) => a.record - b.record) };
}

/** What became of some of the records, in their order, in a generation: as it would have been asked when it was the newest. */
async function outcomesIn(
  { log, topic, settings: { partitions } }: Collection, write: Write, records: readonly number[], context: CallContext,
  { log: source, outcomes }: RestDependencies,
): Promise<(Outcome | undefined)[]> {
  if (records.length === 0) return [];
  const extents = await within(source.extents(topic), context.signal);
  const places = records.map((record) => partitionOf(write.records[record]?.idBytes ?? new Uint8Array(), partitions));
  const wanted = [...new Set(places)].map((partition): OutcomesWanted => ({
    // It takes no writes: all that it will ever hold lies below its end.
    partition, through: extents[partition]?.end ?? 0, count: places.filter((place) => place === partition).length, evenUnknown: true,
  }));
  const asked = outcomes.outcomes(log, write.requestId, wanted, context.deadline.remainingMs(), context.signal);
  const answers = new Map((await within(asked, context.signal)).map((answer) => [answer.partition, answer.outcomes]));
  const seen = new Map<number, number>();
  return places.map((partition) => {
    const sequence = seen.get(partition) ?? 0;
    seen.set(partition, sequence + 1);
    return answers.get(partition)?.[sequence];
  });
}

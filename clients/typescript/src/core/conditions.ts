import { invalid } from '@proximadb/errors';
import type { Condition as ConditionMessage } from '@proximadb/schemas';
import type { Condition } from './records.ts';

/** @throws ProximaError INVALID_ARGUMENT if there is more than one. */
export function conditionOf({ ifAbsent, ifPresent, ifVersion }: Condition): ConditionMessage {
  const given = [
    ...(ifAbsent === undefined ? [] : [{ kind: 'ifAbsent', value: {} } as const]),
    ...(ifPresent === undefined ? [] : [{ kind: 'ifPresent', value: {} } as const]),
    ...(ifVersion === undefined ? [] : [{ kind: 'ifVersion', value: ifVersion } as const]),
  ];
  if (given.length > 1) throw invalid(`only one of ${given.map(({ kind }) => kind).join(', ')} can be asked for`, { field: given[0]?.kind ?? '' });
  return { condition: given[0] ?? null };
}

/** One a record, or none at all where no record has one. */
export function conditionsOf(records: readonly Condition[]): ConditionMessage[] {
  const conditions = records.map(conditionOf);
  return conditions.some(({ condition }) => condition !== null) ? conditions : [];
}

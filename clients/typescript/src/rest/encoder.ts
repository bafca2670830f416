import { jsonText } from '../core/json.ts';
import { floatsOf, micros, type Condition, type Instant } from '../core/records.ts';
import type { Encoder } from '../core/wire.ts';

/** Records as JSON texts, their conditions beside their fields. */
export const jsonEncoder: Encoder = {
  record: ({ id, vector, metadata, timestamp, expiresAt, ...condition }) => jsonText({
    id, vector: floatsOf(vector), metadata, timestamp: microsOrNull(timestamp), expiresAt: microsOrNull(expiresAt), ...conditions(condition),
  }, ''),
  patch: ({ id, vector, set, unset, timestamp, expiresAt, ...condition }) => jsonText({
    id, vector: vector === undefined ? undefined : floatsOf(vector), set, unset, timestamp: microsOrNull(timestamp),
    expiresAt: microsOrNull(expiresAt), ...conditions(condition),
  }, ''),
};

function conditions({ ifAbsent, ifPresent, ifVersion }: Condition): Condition {
  return { ...(ifAbsent && { ifAbsent }), ...(ifPresent && { ifPresent }), ...(ifVersion !== undefined && { ifVersion }) };
}

function microsOrNull(instant: Instant | null | undefined): bigint | null | undefined {
  return instant == null ? instant : micros(instant);
}

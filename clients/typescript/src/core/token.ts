/** Read tokens put together: the server's message ReadToken (a log's number, and one offset a partition), in base64url. */

interface Token {
  readonly log: bigint;
  readonly offsets: readonly bigint[];
}

/**
 * A token that asks for what either asks for. Of two logs the later one counts: its collection has replaced the other, by a reindex, which
 * copied all that was there, or by being made anew.
 */
export function later(one: string | undefined, other: string): string {
  if (one === undefined || one === other) return other;
  const [left, right] = [decode(one), decode(other)];
  if (left.log !== right.log) return left.log > right.log ? one : other;
  const offsets = right.offsets.map((offset, partition) => {
    const seen = left.offsets[partition] ?? 0n;
    return seen > offset ? seen : offset;
  });
  return encode({ log: right.log, offsets });
}

/** Field 1: the log; field 2: the offsets, packed. A field that is not known says something that this release cannot merge: it is passed over. */
function decode(text: string): Token {
  const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  let log = 0n;
  const offsets: bigint[] = [];
  while (at < bytes.length) {
    const tag = varint();
    if (tag === 8n) log = varint();
    else if (tag === 18n) for (const end = Number(varint()) + at; at < end;) offsets.push(varint());
    else break;
  }
  return { log, offsets };
}

function encode({ log, offsets }: Token): string {
  const packed = offsets.flatMap(varintBytes);
  const bytes = [8, ...varintBytes(log), 18, ...varintBytes(BigInt(packed.length)), ...packed];
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function varintBytes(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}

/** One request of Kafka's protocol, in the one version that this client speaks. */
export interface WireRequest<T> {
  readonly name: string;
  readonly key: number;
  readonly version: number;
  /** The body; in a flexible version with the header's tags before it. */
  encode(): Buffer;
  /** @param payload behind the correlation id; in a flexible version with the header's tags. */
  decode(payload: Buffer): T;
}

/** What a broker must speak: Fetch with topic ids came with Kafka 3.1. */
export const versionsNeeded: readonly { readonly name: string; readonly key: number; readonly version: number }[] = [
  { name: 'Produce', key: 0, version: 8 }, { name: 'Fetch', key: 1, version: 13 }, { name: 'ListOffsets', key: 2, version: 5 },
  { name: 'Metadata', key: 3, version: 12 },
];

/** How often records were encoded and decoded in this thread. Between the client's encoder and its decoder both stay 0, and tests say so. */
export const recordCounters: { encodes: number; decodes: number } = { encodes: 0, decodes: 0 };

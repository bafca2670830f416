/** The gateway's port to rates that all gateways share. */
export interface Rates {
  /**
   * Takes tokens from a bucket, at most `burst` of them. Never rejects.
   * @returns 0 if they were taken; else ms after which to come back.
   */
  take(bucket: string, tokens: number, limit: { readonly perSecond: number; readonly burst: number }): Promise<number>;
}

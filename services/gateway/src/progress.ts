/** The gateway's port to how far the shards are. */
export interface Progress {
  /**
   * Of each partition of a log that somebody holds, the one who is furthest.
   * @throws AppError if nobody who holds any of them answers.
   */
  report(log: number): Promise<readonly {
    readonly partition: number;
    /** Only who serves counts: nobody waits for the others. */
    readonly state: 'replaying' | 'serving' | 'stopped';
    /** The next offset that is applied. */
    readonly watermark: number;
  }[]>;
}

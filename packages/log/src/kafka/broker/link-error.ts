/** A connection that could not be made, was lost, or gave no answer in time. It is of no use any more. */
export class LinkError extends Error {
  override readonly name = 'LinkError';
  /** Whether the broker may have got the request. */
  readonly sent: boolean;

  constructor(message: string, sent: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.sent = sent;
  }
}

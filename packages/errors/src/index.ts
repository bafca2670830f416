/**
 * The taxonomy of errors, and the only mapping to gRPC and HTTP statuses.
 *
 * An {@link AppError} is the world's fault and has a code that says who must act ({@link whoMustAct}).
 * An {@link AssertionError} is ours: the process that meets one stops.
 */

/** gRPC's status codes by name; the only codes that leave the system. */
export const grpcStatus = {
  CANCELLED: 1, INVALID_ARGUMENT: 3, DEADLINE_EXCEEDED: 4, NOT_FOUND: 5, ALREADY_EXISTS: 6, PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8, FAILED_PRECONDITION: 9, ABORTED: 10, OUT_OF_RANGE: 11, UNIMPLEMENTED: 12, INTERNAL: 13,
  UNAVAILABLE: 14, DATA_LOSS: 15, UNAUTHENTICATED: 16,
} as const;
export type Code = keyof typeof grpcStatus;

const httpStatuses: Record<Code, number> = {
  CANCELLED: 499, INVALID_ARGUMENT: 400, DEADLINE_EXCEEDED: 504, NOT_FOUND: 404, ALREADY_EXISTS: 409, PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 429, FAILED_PRECONDITION: 400, ABORTED: 409, OUT_OF_RANGE: 400, UNIMPLEMENTED: 501, INTERNAL: 500,
  UNAVAILABLE: 503, DATA_LOSS: 500, UNAUTHENTICATED: 401,
};

/** What went wrong with one part of a request. */
export interface ErrorDetail {
  /** Position of the record in the request. */
  readonly record?: number;
  readonly field?: string;
  readonly reason: string;
}

export interface AppErrorOptions {
  readonly details?: readonly ErrorDetail[];
  /** When to come back. With RESOURCE_EXHAUSTED it says that the load, not the request, was too large. */
  readonly retryAfterMs?: number;
  /** Read token of a write that is in the log although its outcome is not known yet. */
  readonly token?: string;
  readonly cause?: unknown;
}

/** An error that a caller, a retry loop or an operator can act on. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: Code;
  readonly details: readonly ErrorDetail[];
  readonly retryAfterMs: number | undefined;
  readonly token: string | undefined;

  constructor(code: Code, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? [];
    this.retryAfterMs = options.retryAfterMs;
    this.token = options.token;
  }

  /** Whether the same request may succeed later, unchanged. */
  get retryable(): boolean {
    return this.code === 'UNAVAILABLE' || (this.code === 'RESOURCE_EXHAUSTED' && this.retryAfterMs !== undefined);
  }
}

/** A request that its caller has to correct; `field` and `record` name the place. */
export function invalid(reason: string, place: { record?: number; field?: string } = {}): AppError {
  const where = [place.record === undefined ? undefined : `record ${place.record}`, place.field].filter((part) => part !== undefined);
  return new AppError('INVALID_ARGUMENT', where.length === 0 ? reason : `${where.join(', ')}: ${reason}`, { details: [{ ...place, reason }] });
}

/** HTTP status of an error. RESOURCE_EXHAUSTED without a time to come back means: this request is too large (413). */
export function httpStatus(error: AppError): number {
  if (error.code === 'RESOURCE_EXHAUSTED' && error.retryAfterMs === undefined) return 413;
  return httpStatuses[error.code];
}

export function whoMustAct(code: Code): 'caller' | 'retry' | 'operator' | 'developer' {
  switch (code) {
    case 'UNAVAILABLE': case 'DEADLINE_EXCEEDED': case 'RESOURCE_EXHAUSTED': case 'CANCELLED': return 'retry';
    case 'DATA_LOSS': return 'operator';
    case 'INTERNAL': return 'developer';
    default: return 'caller';
  }
}

/** Our own bug. Never caught and answered: the process stops. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** For the `default` of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`);
}

/** Whatever was thrown, as an AppError; what is not one is INTERNAL. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof Error && thrown.name === 'AbortError') return new AppError('CANCELLED', 'the call was cancelled', { cause: thrown });
  return new AppError('INTERNAL', thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
}

/** An error as plain data, in the shape of the API's message `Error`: how it crosses a process border. */
export interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly details: readonly { readonly record: number | null; readonly field: string | null; readonly reason: string }[];
  /** Whole ms. */
  readonly retryAfterMs: number | null;
  readonly token: string | null;
}

/** Everything but the cause, which is not the other side's. */
export function toPlainError({ code, message, details, retryAfterMs, token }: AppError): PlainError {
  return {
    code, message: message.toWellFormed(),
    details: details.map(({ record, field, reason }) =>
      ({ record: record ?? null, field: field === undefined ? null : field.toWellFormed(), reason: reason.toWellFormed() })),
    retryAfterMs: retryAfterMs === undefined ? null : Math.ceil(retryAfterMs),
    token: token ?? null,
  };
}

/** A code that this release does not know is INTERNAL. */
export function fromPlainError({ code, message, details, retryAfterMs, token }: PlainError, cause?: unknown): AppError {
  return new AppError(isCode(code) ? code : 'INTERNAL', message, {
    details: details.map(({ record, field, reason }) => ({ ...(record === null ? {} : { record }), ...(field === null ? {} : { field }), reason })),
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
    ...(token === null ? {} : { token }),
    ...(cause === undefined ? {} : { cause }),
  });
}

function isCode(code: string): code is Code {
  return Object.hasOwn(grpcStatus, code);
}

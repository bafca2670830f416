/** What S3 and its SDK threw, for the one who has to act. */
import { AppError, type Code } from '@proximadb/errors';

/** The part of an SDK's error that says how the server answered. */
interface Answered {
  readonly name?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const credentials: ReadonlySet<string> = new Set([
  'InvalidAccessKeyId', 'SignatureDoesNotMatch', 'ExpiredToken', 'InvalidToken', 'TokenRefreshRequired', 'RequestExpired', 'RequestTimeTooSkewed',
  'CredentialsProviderError', 'AuthorizationHeaderMalformed', 'NotSignedUp', 'InvalidClientTokenId',
]);
const corrupted: ReadonlySet<string> = new Set(['BadDigest', 'XAmzContentChecksumMismatch', 'XAmzContentSHA256Mismatch', 'InvalidDigest']);
const noRoom: ReadonlySet<string> = new Set(['XMinioStorageFull', 'QuotaExceeded', 'XMinioAdminBucketQuotaExceeded']);
/** Of an operator who has to make room. */
const roomRetryMs = 60_000;

export function statusOf(thrown: unknown): number | undefined {
  return (thrown as Answered | undefined)?.$metadata?.httpStatusCode;
}

export function nameOf(thrown: unknown): string {
  const name = (thrown as Answered | undefined)?.name;
  return typeof name === 'string' ? name : '';
}

/** The condition of a conditional put does not hold. */
export function isPreconditionFailed(thrown: unknown): boolean {
  return statusOf(thrown) === 412;
}

/** Another conditional put of the same key was under way: what became of it is not known yet. */
export function isConflict(thrown: unknown): boolean {
  return statusOf(thrown) === 409 && nameOf(thrown) !== 'NoSuchBucket';
}

/** The server knows who asks, and does not let them. */
export function isDenied(thrown: unknown): boolean {
  return statusOf(thrown) === 403 && nameOf(thrown) === 'AccessDenied';
}

/** There is no such object (not: no such bucket). */
export function isMissing(thrown: unknown): boolean {
  return statusOf(thrown) === 404 && nameOf(thrown) !== 'NoSuchBucket';
}

/** @param doing what was tried, with the place: 'reading s3://bucket/key'. */
export function storeError(thrown: unknown, doing: string): AppError {
  if (thrown instanceof AppError) return thrown;
  const name = nameOf(thrown);
  if (name === 'AbortError') return new AppError('CANCELLED', `${doing} was cancelled`, { cause: thrown });
  const [code, advice] = judge(name, statusOf(thrown), thrown);
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  const message = `${doing} failed: ${name === '' || said.includes(name) ? '' : `${name}: `}${said}${advice === '' ? '' : ` (${advice})`}`;
  return new AppError(code, message, { cause: thrown, ...(code === 'RESOURCE_EXHAUSTED' ? { retryAfterMs: roomRetryMs } : {}) });
}

function judge(name: string, status: number | undefined, thrown: unknown): [Code, string] {
  if (credentials.has(name)) return ['UNAUTHENTICATED', 'the operator has to give this process the right credentials, region and time of day'];
  if (name === 'NoSuchBucket') return ['FAILED_PRECONDITION', 'the operator has to make the bucket, or to name another'];
  if (name === 'PermanentRedirect' || status === 301) return ['FAILED_PRECONDITION', 'the bucket is in another region: the operator has to name it'];
  if (thrown instanceof Error && /region is missing/i.test(thrown.message)) return ['FAILED_PRECONDITION', 'the operator has to name the region'];
  if (noRoom.has(name) || status === 507) return ['RESOURCE_EXHAUSTED', 'the operator has to make room'];
  // In transit, not at rest: it may arrive the next time.
  if (corrupted.has(name)) return ['UNAVAILABLE', 'it was damaged on its way'];
  if (status === undefined || status < 0) return ['UNAVAILABLE', 'no answer'];
  switch (status) {
    case 401: return ['UNAUTHENTICATED', 'the operator has to give this process credentials'];
    case 403: return ['PERMISSION_DENIED', 'the operator has to allow it: objects are read, written, listed and deleted'];
    case 404: return ['NOT_FOUND', ''];
    case 408: case 409: case 429: return ['UNAVAILABLE', ''];
    case 501: return ['UNIMPLEMENTED', 'the operator has to choose a store that can do this'];
    default: return status >= 500 ? ['UNAVAILABLE', ''] : ['INTERNAL', 'the store does not take what this release asks'];
  }
}

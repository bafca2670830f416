/** AppError ↔ gRPC status: the code, the message, and all the rest in the trailer `proximadb-error-bin`. */
import { Metadata, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { AppError, fromPlainError, grpcStatus, toPlainError, type Code, type PlainError } from '@proximadb/errors';
import { Error as ErrorMessage } from '@proximadb/schemas';
import { asBuffer } from './buffer.ts';

export const errorTrailer = 'proximadb-error-bin';

/** Clients commonly refuse headers of more than 8 KiB, and base64 adds a third. */
const trailerBytesMax = 4096;
/** In the status line, and so in plain text and percent-encoded. */
const messageCharsMax = 512;

const codeByNumber = new Map<number, Code>(Object.entries(grpcStatus).map(([code, number]) => [number, code as Code]));

/** Details that do not fit into the trailer are left out, the last ones first; the token always goes along. */
export function toStatus(error: AppError): { code: number; details: string; metadata: Metadata } {
  const metadata = new Metadata();
  metadata.set(errorTrailer, encodeWithin(error));
  return { code: grpcStatus[error.code], details: shorten(error.message, messageCharsMax), metadata };
}

/** What a client makes of a failed call. A status without our trailer (of a proxy, say, or of a lost connection) keeps code and message. */
export function fromStatus(failure: ServiceError | StatusObject): AppError {
  const [trailer] = failure.metadata.get(errorTrailer);
  const cause: { cause?: Error } = failure instanceof Error ? { cause: failure } : {};
  const code = codeByNumber.get(failure.code) ?? 'INTERNAL';
  if (!(trailer instanceof Uint8Array)) return new AppError(code, failure.details, cause);
  try {
    return fromPlainError({ ...ErrorMessage.decode(trailer), code }, cause.cause);
  } catch {
    return new AppError(code, failure.details, cause);
  }
}

function encodeWithin(error: AppError): Buffer {
  const plain = toPlainError(error);
  const message = shorten(error.message, messageCharsMax);
  for (let details = plain.details.slice(0, 64); ; details = details.slice(0, Math.floor(details.length / 2))) {
    const bytes = ErrorMessage.encode({ ...plain, message, details: details.map(shortened) });
    if (details.length === 0 || bytes.length <= trailerBytesMax + (error.token?.length ?? 0)) return asBuffer(bytes);
  }
}

function shortened({ record, field, reason }: PlainError['details'][number]): PlainError['details'][number] {
  return { record, field: field === null ? null : shorten(field, messageCharsMax), reason: shorten(reason, messageCharsMax) };
}

/** Cut between characters: a lone surrogate cannot be encoded. */
function shorten(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax).toWellFormed()}…`;
}

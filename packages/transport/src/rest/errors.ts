/** AppError → HTTP: status, body, headers. The body is the same for whatever goes wrong, in fastify, too. */
import { AppError, httpStatus, toAppError } from '@proximadb/errors';
import type { FastifyReply } from 'fastify';
import { sendJson } from './send-json.ts';

/** An error whose HTTP status says more than its code: 405, 415. */
export class HttpError extends AppError {
  readonly status: number;

  constructor(status: number, code: AppError['code'], message: string) {
    super(code, message);
    this.status = status;
  }
}

/** More of them help nobody, and an answer has to have an end. */
const detailsMax = 1000;

export function errorText(error: AppError): string {
  return JSON.stringify({
    error: {
      code: error.code,
      message: error.message,
      details: error.details.slice(0, detailsMax).map((detail) => ({ ...detail, ...(detail.field === undefined ? {} : { field: jsonField(detail.field) }) })),
      retryAfterMs: error.retryAfterMs === undefined ? undefined : Math.ceil(error.retryAfterMs),
      token: error.token,
    },
  });
}

export function statusOf(error: AppError): number {
  return error instanceof HttpError ? error.status : httpStatus(error);
}

export async function sendError(reply: FastifyReply, thrown: unknown): Promise<void> {
  const error = fromFastify(thrown) ?? toAppError(thrown);
  if (error.retryAfterMs !== undefined) reply.header('retry-after', Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
  await sendJson(reply.code(statusOf(error)), errorText(error));
}

/** Handlers call a request's fields as gRPC does; below the first name stand the client's own keys. */
function jsonField(field: string): string {
  return field.replace(/^[a-z0-9_]+/, (name) => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()));
}

/** What fastify itself refuses, before a handler is asked. */
function fromFastify(thrown: unknown): AppError | null {
  if (!(thrown instanceof Error) || thrown instanceof AppError || !('statusCode' in thrown) || typeof thrown.statusCode !== 'number') return null;
  switch (thrown.statusCode) {
    case 413: return new AppError('RESOURCE_EXHAUSTED', 'the body is larger than the server takes', { cause: thrown });
    case 415: return new HttpError(415, 'INVALID_ARGUMENT', 'the body must be JSON: send it with the header content-type: application/json');
    default: return thrown.statusCode < 500 ? new HttpError(thrown.statusCode, 'INVALID_ARGUMENT', thrown.message) : null;
  }
}

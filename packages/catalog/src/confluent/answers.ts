/** What an answer of the registry means: one place that tells an outage from a refusal and from "there is none". */
import { AppError, invalid } from '@proximadb/errors';
import type { Answer } from './exchange.ts';

/** The registry knows no such thing, and says so in its own words. The field `status` is what its client looks at. */
export class RegistryKnowsNone extends Error {
  override readonly name = 'RegistryKnowsNone';
  readonly status = 404;
}

/** This address cannot answer now; another one, or this one later, may. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  /** When to come back, if it was said. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryAfterMs?: number, cause?: unknown) {
    super(message, { cause });
    this.retryAfterMs = retryAfterMs;
  }
}

const wordsMax = 1_000;

/**
 * @returns the answer's JSON
 * @throws RegistryKnowsNone; NoAnswer for what no registry would say, too: a wrong path, or a proxy before one that is down, answers so;
 *   AppError INVALID_ARGUMENT for what the registry refuses; FAILED_PRECONDITION if it may not be written to; UNAUTHENTICATED and
 *   PERMISSION_DENIED
 */
export function meaningOf(answer: Answer): unknown {
  const { status } = answer;
  const json = parsed(answer.text);
  if (status >= 200 && status < 300 && json !== undefined) return json;
  const { code, words } = complaint(json);
  const said = words === undefined ? '' : `: ${words}`;
  switch (status) {
    case 401: throw new AppError('UNAUTHENTICATED', `the schema registry does not accept our credentials${said}. An operator has to correct them`);
    case 403: throw new AppError('PERMISSION_DENIED', `the schema registry does not permit this to our credentials${said}. An operator has to`);
    case 404:
      // A web server's own 404 says nothing about schemas.
      if (code !== undefined && code >= 40400 && code <= 40499) throw new RegistryKnowsNone(words ?? 'not found');
      break;
    case 409: throw invalid(words ?? 'it is incompatible with an earlier version', { field: 'schema' });
    case 422:
      if (code === 42205) throw new AppError('FAILED_PRECONDITION', `the schema registry may only be read${said}`);
      throw invalid(words ?? 'the registry cannot read it', { field: 'schema' });
    case 400:
      if (code !== undefined) throw invalid(words ?? 'the registry refuses it', { field: 'schema' });
      break;
    case 429: throw new NoAnswer(`is asked too often${said}`, retryAfterMs(answer.retryAfter) ?? 1_000);
    default: if (status >= 500) throw new NoAnswer(`answers with status ${status}${said}`, retryAfterMs(answer.retryAfter));
  }
  throw new NoAnswer(`answers with status ${status} and not as a schema registry does; its path may be missing in the URL${said}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function complaint(json: unknown): { readonly code: number | undefined; readonly words: string | undefined } {
  if (typeof json !== 'object' || json === null) return { code: undefined, words: undefined };
  const { error_code: code, message } = json as { readonly error_code?: unknown; readonly message?: unknown };
  return { code: typeof code === 'number' ? code : undefined, words: typeof message === 'string' && message !== '' ? asWords(message) : undefined };
}

/** What a stranger wrote, in one line that is not too long. */
export function asWords(text: string): string {
  const line = text.slice(0, wordsMax + 1).replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return line.length > wordsMax ? `${line.slice(0, wordsMax).toWellFormed()}…` : line;
}

const retryAfterMsMax = 60_000;

/** Seconds, or nothing: a date would need the registry's clock. */
function retryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^[0-9]{1,9}$/.test(header) ? Math.min(Number(header) * 1000, retryAfterMsMax) : undefined;
}

/** One request to one address, and its whole answer: bounded in time and bytes, and always settled. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import type { RegistryAddress } from './addresses.ts';

/** Of Node's `tls.connect`: whom to trust, and who we are. */
export type RegistryTls = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'servername' | 'rejectUnauthorized' | 'minVersion'>;

export interface Question {
  readonly method: string;
  /** With its query; it follows the base URL. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface Answer {
  readonly status: number;
  /** Value of the header Retry-After. */
  readonly retryAfter: string | undefined;
  readonly text: string;
}

/** Largest answer that is read: a schema of 256 KiB in which JSON escapes each character, and some room. */
export const answerBytesMax = 2 * 1024 * 1024;

export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';
}

/**
 * The connection is the request's own: registries are asked seldom, and one that was left idle may be dead.
 * @param signal - ends it
 * @throws Error if no whole answer came, and why; AnswerTooLarge
 */
export async function exchange(address: RegistryAddress, question: Question, tls: RegistryTls | undefined, signal: AbortSignal): Promise<Answer> {
  const response = await send(address, question, tls, signal);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw new AnswerTooLarge(`an answer of more than ${answerBytesMax} bytes`);
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], text: Buffer.concat(chunks).toString() };
}

function send(address: RegistryAddress, question: Question, tls: RegistryTls | undefined, signal: AbortSignal): Promise<IncomingMessage> {
  const { method, path, body } = question;
  const headers: Record<string, string | number> = { ...question.headers };
  if (body !== undefined) headers['content-length'] = Buffer.byteLength(body);
  if (address.authorization !== undefined) headers['authorization'] = address.authorization;
  const url = `${address.base}${path}`;
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:')
      ? httpsRequest(url, { ...tls, method, headers, signal, agent: false }, resolve)
      : httpRequest(url, { method, headers, signal, agent: false }, resolve);
    request.on('error', reject);
    request.end(body);
  });
}

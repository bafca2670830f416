/** One question over either transport. What REST sends and gets, OpenAPI judges, as the server gives it. */
import { strict as assert } from 'node:assert';
import { AppError, httpStatus, type Code } from '@proximadb/errors';
import { parseJson } from '@proximadb/record';
import { method, type MethodName, type OperationName, type GetResponse } from '@proximadb/schemas';
import type { Client } from '@proximadb/transport/client';
import type { RestAnswer } from '../server.ts';
import { normalized, plainJson, plainMessage, plainStored, type Answer, type Target } from './forms.ts';
import type { OpenApi } from './open-api.ts';

export type Transport = 'grpc' | 'rest';

/** A question, as each transport puts it; the collection is filled in. */
export interface Question {
  readonly operation: OperationName;
  readonly grpc: (target: Target) => object;
  /** The body; a text is sent as it is. Of a GET: its query. */
  readonly rest: (target: Target) => object | string;
  /** In place of the method's path: GET of one record. */
  readonly path?: string;
}

export interface Case extends Question {
  readonly name: string;
  /** Of the answer, normalised. */
  readonly check?: (answer: Answer) => void;
}

/** A server that is asked, in one process or in many. */
export interface ApiServer extends AsyncDisposable {
  readonly client: Client;
  readonly rest: (method: string, path: string, body?: object | string, headers?: Record<string, string>) => Promise<RestAnswer>;
  /** Settles when all of a collection is in segments. */
  settle(collection: string): Promise<void>;
}

/** What is asked, and what judges. */
export interface Asked {
  readonly server: ApiServer;
  readonly openApi: OpenApi;
}

export async function ask(asked: Asked, question: Question, transport: Transport, target: Target): Promise<Answer> {
  return transport === 'grpc' ? askGrpc(asked, question, target) : askRest(asked, question, target);
}

async function askGrpc({ server }: Asked, { operation, grpc, path }: Question, target: Target): Promise<Answer> {
  const call = server.client[operation] as (request: object) => Promise<object>;
  try {
    const answer = await call({ ...(operation === 'getSchema' || operation === 'createCollection' ? {} : { collection: target.name }), ...grpc(target) });
    // One record as itself: the first of those asked for.
    if (path !== undefined) return normalized((answer as GetResponse).records.map((record) => plainStored(record, []))[0], target);
    return normalized(plainMessage(answer, grpc(target)), target);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    const { code, message, details } = thrown;
    return normalized({ error: { code, message, details: details.map((detail) => ({ ...detail })) } }, target);
  }
}

async function askRest({ server, openApi }: Asked, { operation, rest, path }: Question, target: Target): Promise<Answer> {
  const { http } = method((operation.charAt(0).toUpperCase() + operation.slice(1)) as MethodName);
  assert.ok(http !== null);
  const template = path ?? http.path;
  const body = rest(target);
  const fields = typeof body === 'string' ? {} : body as Record<string, unknown>;
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(name === 'collection' ? target.name : String(fields[name])));
  const hasBody = http.method !== 'GET' && http.method !== 'DELETE' && path === undefined;
  const verb = path === undefined ? http.method : 'GET';
  if (hasBody) openApi.request(template, verb, typeof body === 'string' ? JSON.parse(body) : body);
  const { text, status } = await server.rest(verb, filled, hasBody ? body : undefined);
  const answer = JSON.parse(text) as { error?: { code: Code } };
  openApi.answer(template, verb, status, answer);
  if (answer.error !== undefined) assert.equal(status, httpStatus(new AppError(answer.error.code, '')));
  return normalized(plainJson(parseJson(text)), target);
}

/** The REST server: the operations as JSON, OpenAPI, health and metrics. */
import type { AddressInfo } from 'node:net';
import cors from '@fastify/cors';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { AppError, assert, invalid } from '@proximadb/errors';
import type { Readiness } from '@proximadb/process';
import { parseJson, type JsonValue } from '@proximadb/record';
import { openApiText, type GetResponse, type Include } from '@proximadb/schemas';
import { Admission, type AdmissionLimits } from '../admission.ts';
import { createCaller, timeoutOf, type CallOptions, type Caller } from '../call.ts';
import type { RunningServer } from '../grpc/server.ts';
import { handlerOf, type Handlers } from '../handlers.ts';
import { messageFromJson, type SchemaIds } from '../json/read.ts';
import { answerToJson, recordAnswer, type WalkerOf } from '../json/write.ts';
import { errorText, HttpError, sendError } from './errors.ts';
import { addOperation, listen } from './operation.ts';
import { allowedMethods, fastifyPath, queryToJson, routes, type Route } from './routes.ts';
import { sendJson } from './send-json.ts';

export interface RestOptions extends CallOptions {
  readonly handlers: Handlers;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0: any free one. */
  readonly port: number;
  readonly readiness: () => Readiness;
  /** Read when a record is: getters may stand for ids that are known only once the catalog is open. */
  readonly schemaIds: SchemaIds;
  /** Reads stored records, for answers. */
  readonly walker: WalkerOf;
  /** Largest body. Default 64 MiB. */
  readonly bodyBytesMax?: number;
  readonly admission?: AdmissionLimits;
  /** Origins whose pages may read answers: `https://app.example`, or `*`. Default none. */
  readonly corsOrigins?: readonly string[];
}

/** A request has to be here, whole, within this time. */
const receiveMsMax = 300_000;
/** Percent-encoded; longer than any id, so that an id that is too long is told so. */
const paramCharsMax = 8192;

/** @throws AppError UNAVAILABLE if the port is taken. */
export async function startRest(options: RestOptions): Promise<RunningServer> {
  const bodyBytesMax = options.bodyBytesMax ?? 64 * 1024 * 1024;
  const admission = new Admission(options.admission);
  options.metrics.gauge('rest_calls_under_way', 'REST calls under way.', [], (gauge) => gauge.set(admission.calls));
  options.metrics.gauge('rest_request_bytes_under_way', 'Bytes of REST requests under way.', [], (gauge) => gauge.set(admission.bytes));
  const app = fastify({
    bodyLimit: bodyBytesMax, requestTimeout: receiveMsMax, return503OnClosing: false,
    routerOptions: { maxParamLength: paramCharsMax },
    frameworkErrors: (error, _request, reply) => void sendError(reply, error),
    clientErrorHandler: (_error, socket) => {
      if (!socket.writable) return;
      const body = errorText(invalid('this is not an HTTP request'));
      const head = ['HTTP/1.1 400 Bad Request', 'Content-Type: application/json', 'Connection: close', `Content-Length: ${Buffer.byteLength(body)}`];
      socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, request, reply) => {
    // What a handler threw was judged and logged by the call; this is from before or after it.
    if (!(error instanceof AppError) && !(error instanceof Error && 'statusCode' in error)) {
      options.logger.error('request-failed', { route: request.routeOptions.url, error });
    }
    return sendError(reply, error);
  });
  app.setNotFoundHandler(notFound);
  await allowOrigins(app, options.corsOrigins ?? []);
  const openApi = openApiText().trimEnd();
  app.get('/openapi.json', (_request, reply) => sendJson(reply, openApi));
  addOperation(app, options);
  const closing = new AbortController();
  // A connection that is kept alive after its last answer would hold up the close.
  app.addHook('onSend', async (_request, reply) => { if (closing.signal.aborted) reply.header('connection', 'close'); });
  addRoutes(app, options, admission, bodyBytesMax, closing.signal);
  await listen(app, 'REST', options.host ?? '127.0.0.1', options.port);
  return {
    port: (app.server.address() as AddressInfo).port,
    async close(graceMs) {
      closing.abort();
      const force = setTimeout(() => app.server.closeAllConnections(), graceMs);
      await app.close();
      clearTimeout(force);
    },
  };
}

/** How long a browser need not ask again whether it may. */
const preflightSeconds = 600;

async function allowOrigins(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await app.register(cors, {
    origin: origins.includes('*') ? '*' : [...origins], methods: [...new Set(routes.map(({ http }) => http.method))], exposedHeaders: ['retry-after'],
    maxAge: preflightSeconds,
  });
}

function addRoutes(app: FastifyInstance, options: RestOptions, admission: Admission, bodyBytesMax: number, closing: AbortSignal): void {
  const caller = createCaller('rest', options);
  const admit = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (closing.aborted) throw new AppError('UNAVAILABLE', 'the server is stopping', { retryAfterMs: 1000 });
    reply.raw.once('close', admission.enter(announcedBytes(request, bodyBytesMax)));
  };
  for (const route of routes) {
    app.route({
      method: route.http.method, url: fastifyPath(route.http.path), onRequest: admit,
      handler: async (request, reply) => {
        const text = await serve(route, request, reply, caller, options);
        return sendJson(reply, text);
      },
    });
  }
}

/** Room is made before the body is read. A body of unknown length may be as large as any. */
function announcedBytes({ headers }: FastifyRequest, bodyBytesMax: number): number {
  if (headers['content-length'] !== undefined) return Math.min(Number(headers['content-length']) || 0, bodyBytesMax);
  return headers['transfer-encoding'] === undefined ? 0 : bodyBytesMax;
}

async function serve(route: Route, request: FastifyRequest, reply: FastifyReply, caller: Caller, options: RestOptions): Promise<string> {
  const { method } = route;
  const message = readRequest(route, request, options.schemaIds);
  const cancelled = new AbortController();
  reply.raw.once('close', () => { if (!reply.raw.writableFinished) cancelled.abort(); });
  const asked = {
    operation: method.name, clientMs: Infinity, cancelled: cancelled.signal,
    timeoutMs: message instanceof AppError ? null : timeoutOf(message),
  };
  return caller.call(asked, async (context) => {
    // Thrown here, a request that cannot be read is counted and answered as every other.
    if (message instanceof AppError) throw message;
    const answer = await handlerOf(options.handlers, method.operation)(message, context);
    if (route.single) return singleRecord(answer as GetResponse, message as SingleRequest, options.walker);
    return answerToJson(method.responseName, answer, message, options.walker);
  });
}

interface SingleRequest {
  readonly collection: string;
  readonly ids: readonly string[];
  readonly include: readonly Include[];
}

async function singleRecord({ records }: GetResponse, { collection, ids, include }: SingleRequest, walkerOf: WalkerOf): Promise<string> {
  const [record] = records;
  if (record === undefined) throw new AppError('NOT_FOUND', `collection ${collection} has no record ${JSON.stringify(ids[0])}`);
  return recordAnswer(record, include, walkerOf);
}

function readRequest({ method, http, single }: Route, request: FastifyRequest, schemaIds: SchemaIds): object {
  try {
    const params = request.params as Readonly<Record<string, string>>;
    const query = queryToJson(method, request.query as Readonly<Record<string, string | string[]>>);
    if (http.method === 'GET' || http.method === 'DELETE') {
      if (Buffer.isBuffer(request.body) && request.body.length > 0) throw invalid(`a ${http.method} has no body`);
      if (single) {
        if (query.has('ids')) throw invalid('no such field: the path names the record', { field: 'ids' });
        assert(params['id'] !== undefined, 'the route has an id');
        query.set('ids', [params['id']]);
      }
      return messageFromJson(method.requestName, query, params, schemaIds);
    }
    for (const name of query.keys()) throw invalid('no such query parameter: fields go into the body', { field: name });
    return messageFromJson(method.requestName, bodyOf(request), params, schemaIds);
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
}

function bodyOf({ body }: FastifyRequest): JsonValue {
  if (!Buffer.isBuffer(body) || body.length === 0) throw invalid('the body is empty; a JSON object is expected');
  return parseJson(body);
}

function notFound(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const path = request.url.split('?', 1)[0] ?? '';
  const allowed = allowedMethods(path);
  if (allowed.length === 0) return sendError(reply, new AppError('NOT_FOUND', `there is nothing at ${path.slice(0, 200)}; /openapi.json lists what there is`));
  reply.header('allow', allowed.join(', '));
  return sendError(reply, new HttpError(405, 'UNIMPLEMENTED', `${request.method} is not what ${path.slice(0, 200)} takes: ${allowed.join(', ')}`));
}

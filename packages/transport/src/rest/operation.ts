/** What operators ask any process for: health and metrics. */
import type { AddressInfo } from 'node:net';
import { fastify, type FastifyInstance } from 'fastify';
import { AppError } from '@proximadb/errors';
import type { Metrics, Readiness } from '@proximadb/process';
import type { RunningServer } from '../grpc/server.ts';
import { sendError } from './errors.ts';
import { sendJson } from './send-json.ts';

export interface Operated {
  readonly readiness: () => Readiness;
  readonly metrics: Metrics;
}

export interface OperationOptions extends Operated {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** Of a process that has no REST API. @throws AppError UNAVAILABLE if the port is taken. */
export async function startOperation({ host, port, ...operated }: OperationOptions): Promise<RunningServer> {
  const app = fastify({ return503OnClosing: false });
  app.setNotFoundHandler((_request, reply) => sendError(reply, new AppError('NOT_FOUND', 'there are /health/live, /health/ready and /metrics')));
  app.addHook('onSend', async (_request, reply) => { reply.header('connection', 'close'); });
  addOperation(app, operated);
  await listen(app, 'HTTP', host, port);
  return {
    port: (app.server.address() as AddressInfo).port,
    async close() { await app.close(); },
  };
}

export function addOperation(app: FastifyInstance, { readiness, metrics }: Operated): void {
  app.get('/health/live', (_request, reply) => sendJson(reply, '{"live":true}'));
  app.get('/health/ready', (_request, reply) => {
    const { ready, progress } = readiness();
    const text = JSON.stringify({ ready, ...progress }, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    return sendJson(reply.code(ready ? 200 : 503), text);
  });
  app.get('/metrics', async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.text()));
}

export async function listen(app: FastifyInstance, what: string, host: string, port: number): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    throw new AppError('UNAVAILABLE', `${what} cannot listen on ${host}:${port}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

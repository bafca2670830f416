/** The demo's server: one of its own, or that of a demo that runs on the same data. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@proximadb/errors';
import { createLogger } from '@proximadb/process';
import { createStandalone, standaloneConfig, type Standalone } from '@proximadb/standalone';
import { connect } from 'proximadb';

export interface DemoServer extends AsyncDisposable {
  readonly grpcPort: number;
  readonly restPort: number;
  /** undefined: it runs in another process. */
  readonly own: Standalone | undefined;
}

export interface DemoPorts {
  readonly grpcPort: number | undefined;
  readonly restPort: number | undefined;
}

interface Announced {
  readonly grpcPort: number;
  readonly restPort: number;
}

/** @throws AppError FAILED_PRECONDITION if another process has the data and is no demo's server. */
export async function openServer(data: string, ports: DemoPorts): Promise<DemoServer> {
  try {
    const own = await startServer(data, ports);
    const { grpcPort, restPort } = own;
    writeFileSync(announcementOf(data), JSON.stringify({ grpcPort, restPort } satisfies Announced));
    return { grpcPort, restPort, own, [Symbol.asyncDispose]: () => own[Symbol.asyncDispose]() };
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'FAILED_PRECONDITION') throw thrown;
    const running = await findRunning(data);
    if (running === undefined) throw thrown;
    return { ...running, own: undefined, async [Symbol.asyncDispose]() {} };
  }
}

/** The usual ports if they are free, else any. */
async function startServer(data: string, { grpcPort, restPort }: DemoPorts): Promise<Standalone> {
  const logger = createLogger({ level: 'warn' });
  const start = (grpc: number, rest: number): Promise<Standalone> =>
    createStandalone(standaloneConfig.parse({ data, grpcPort: grpc, restPort: rest, logLevel: 'warn' }), { logger });
  const usual = standaloneConfig.parse({});
  try {
    return await start(grpcPort ?? usual.grpcPort, restPort ?? usual.restPort);
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'UNAVAILABLE') throw thrown;
    return start(grpcPort ?? 0, restPort ?? 0);
  }
}

async function findRunning(data: string): Promise<Announced | undefined> {
  try {
    const announced = JSON.parse(readFileSync(announcementOf(data), 'utf8')) as Announced;
    await using db = connect(`127.0.0.1:${announced.grpcPort}`, { timeoutMs: 2_000, attemptsMax: 1 });
    await db.listCollections();
    return announced;
  } catch {
    return undefined;
  }
}

function announcementOf(data: string): string {
  return join(data, 'demo.json');
}

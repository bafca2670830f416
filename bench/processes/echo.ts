/**
 * What the machine itself takes at the moment: one bare grpc-js call to another process and back. Beside a latency of ours it tells how much of
 * that are full cores, and a host that gives them to others.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client, credentials, type MethodDefinition } from '@grpc/grpc-js';

const same = (bytes: Buffer): Buffer => bytes;
const path = '/bench.Echo/Echo';

export const echoDefinition: MethodDefinition<Buffer, Buffer> = {
  path, requestStream: false, responseStream: false,
  requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same,
};

/** About what a record of 100 dimensions takes. */
const message = Buffer.alloc(500, 1);

export class EchoProcess implements Disposable {
  readonly #child: ChildProcess;
  readonly #client: Client;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  }

  static async start(): Promise<EchoProcess> {
    const child = fork(join(import.meta.dirname, 'echo.main.ts'), { execArgv: ['--no-warnings'] });
    const [port] = await once(child, 'message') as [number];
    return new EchoProcess(child, port);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @returns how long it took, ms. */
  async call(): Promise<number> {
    const startedMs = performance.now();
    await new Promise<void>((resolve, reject) => {
      this.#client.makeUnaryRequest(path, same, same, message, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
    return performance.now() - startedMs;
  }

  [Symbol.dispose](): void {
    this.#client.close();
    this.#child.disconnect();
  }
}

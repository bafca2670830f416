/** `proximadb start` in a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { connect as connectGrpc, type Database } from '../index.ts';
import { connect as connectRest } from '../rest.ts';

const commandLine = join(import.meta.dirname, '../../../../cli/src/main.ts');
const startMsMax = 30_000;

export interface Addresses {
  readonly grpc: string;
  readonly rest: string;
}

export class ServerProcess implements AsyncDisposable {
  readonly data = mkdtempSync(join(tmpdir(), 'proximadb-client-'));
  readonly #flags: readonly string[];
  #child: ChildProcess | undefined;
  #ports: readonly [grpc: number, rest: number] = [0, 0];

  /** @param flags of the command line. */
  private constructor(flags: readonly string[]) {
    this.#flags = flags;
  }

  static async start(...flags: string[]): Promise<ServerProcess> {
    const server = new ServerProcess(flags);
    await server.start();
    return server;
  }

  get addresses(): Addresses {
    return { grpc: `127.0.0.1:${this.#ports[0]}`, rest: `http://127.0.0.1:${this.#ports[1]}` };
  }

  /** The entries of the client, each connected to it. */
  connect(transport: 'grpc' | 'rest'): Database {
    return transport === 'grpc' ? connectGrpc(this.addresses.grpc) : connectRest(this.addresses.rest);
  }

  /** On the ports of the last time, if there was one. */
  async start(): Promise<void> {
    const [grpc, rest] = this.#ports;
    const child = spawn(process.execPath, [
      '--no-warnings', commandLine, 'start', '--data', this.data, '--grpc-port', String(grpc), '--rest-port', String(rest),
      '--gateway-partitions-default', '3', ...this.#flags,
    ], { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let output = '';
    const ports = await new Promise<readonly [number, number]>((resolve, reject) => {
      const fail = (): void => { reject(new Error(`the server did not start:\n${output}`)); };
      const timer = setTimeout(fail, startMsMax);
      child.once('exit', fail);
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (bytes: Buffer) => {
          output += bytes.toString();
          const found = [/gRPC\s+[^:\s]+:(\d+)/, /REST\s+http:\/\/[^:]+:(\d+)/].map((pattern) => Number(pattern.exec(output)?.[1] ?? 0));
          if (found.includes(0)) return;
          clearTimeout(timer);
          child.off('exit', fail);
          resolve([found[0] ?? 0, found[1] ?? 0]);
        });
      }
    });
    this.#ports = ports;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.data, { recursive: true, force: true });
  }
}

/** What a developer has set must not reach what is under test. */
function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PROXIMADB_') && name !== 'NODE_OPTIONS');
  return { ...Object.fromEntries(inherited), NO_COLOR: '1' };
}

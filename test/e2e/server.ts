/** Servers under test: in this process, or as `proximadb start` in a process of their own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { stripVTControlCharacters } from 'node:util';
import { createLogger } from '@proximadb/process';
import { createStandalone, standaloneConfig, type Standalone } from '@proximadb/standalone';
import { commandEnvironment, commandFlags, commandLine } from '@proximadb/test-cluster';
import { createClient, type Client, type ClientOptions } from '@proximadb/transport/client';

/** A folder that is gone at the end. */
export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'proximadb-e2e-'));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export interface RestAnswer {
  readonly status: number;
  readonly text: string;
  /** Parsed, where it is JSON. */
  readonly body: unknown;
  readonly headers: Headers;
}

/** One REST call. @param body an object is sent as JSON, a text or bytes as they are. */
export async function callRest(port: number, method: string, path: string, body?: object | string, headers: Record<string, string> = {}): Promise<RestAnswer> {
  const sent = body === undefined ? {} : {
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' || body instanceof Uint8Array ? body as string : JSON.stringify(body),
  };
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, ...sent });
  const text = await answer.text();
  const isJson = (answer.headers.get('content-type') ?? '').startsWith('application/json');
  return { status: answer.status, text, body: isJson && text !== '' ? JSON.parse(text) as unknown : text, headers: answer.headers };
}

/** A server in this process. */
export interface TestServer extends AsyncDisposable {
  readonly standalone: Standalone;
  readonly client: Client;
  readonly folder: string;
  readonly rest: (method: string, path: string, body?: object | string, headers?: Record<string, string>) => Promise<RestAnswer>;
}

/** Of a collection that names none: many, whatever the machine has, so that tests see what several partitions do. */
const partitionsDefault = 12;

type Config = Partial<Record<keyof ReturnType<typeof standaloneConfig.parse>, unknown>>;

export async function startServer(config: Config = {}, clientOptions: ClientOptions = {}): Promise<TestServer> {
  const folder = new TemporaryFolder();
  const gateway = { partitionsDefault, ...config.gateway as object | undefined };
  const parsed = standaloneConfig.parse({ data: folder.path, grpcPort: 0, restPort: 0, graceMs: 1_000, ...config, gateway });
  const standalone = await createStandalone(parsed, { logger: createLogger({ level: 'error' }) });
  await standalone.whenReady();
  const client = createClient(`127.0.0.1:${standalone.grpcPort}`, clientOptions);
  return {
    standalone, client, folder: folder.path,
    rest: (method, path, body, headers) => callRest(standalone.restPort, method, path, body, headers),
    async [Symbol.asyncDispose]() {
      client.close();
      await standalone[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** All that it wrote, to standard output and standard error. */
  readonly output: string;
}

/** Any other command, run to its end in a process of its own. */
export async function runCommand(args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [...commandFlags, commandLine, ...args], { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => { output += stripVTControlCharacters(bytes.toString()); });
  return new Promise((resolve) => child.on('close', (code, signal) => { resolve({ code, signal, output }); }));
}

/** What a developer has set must not reach what is under test. */
function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PROXIMADB_') && name !== 'NODE_OPTIONS');
  return { ...Object.fromEntries(inherited), ...commandEnvironment, NO_COLOR: '1' };
}

/** `proximadb start` in a process of its own. */
export class ChildServer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly ended: Promise<Ended>;
  #output = '';

  /** @param flags beside `--data`; ports are free ones. @param nodeFlags for Node itself. @param launcher starts Node: a program with its arguments. */
  constructor(data: string, flags: readonly string[] = [], nodeFlags: readonly string[] = [], launcher: readonly string[] = []) {
    const node = [process.execPath, ...commandFlags, ...nodeFlags];
    const [command = '', ...words] = [...launcher, ...node, commandLine, 'start', '--data', data, '--grpc-port', '0', '--rest-port', '0',
      '--gateway-partitions-default', String(partitionsDefault), ...flags];
    this.#child = spawn(command, words, { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
    const note = (bytes: Buffer): void => { this.#output += stripVTControlCharacters(bytes.toString()); };
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on('data', note);
    this.ended = new Promise((resolve) => this.#child.on('close', (code, signal) => { resolve({ code, signal, output: this.#output }); }));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get output(): string {
    return this.#output;
  }

  /** The ports, once it says that it is ready. @throws Error with its output if it ends before, or takes longer than `timeoutMs`. */
  async ready(timeoutMs = 120_000): Promise<{ readonly grpcPort: number; readonly restPort: number }> {
    const timer = AbortSignal.timeout(timeoutMs);
    let over = false;
    void this.ended.then(() => { over = true; });
    for (;;) {
      const rest = /REST\s+http:\/\/[^:]+:(\d+)/.exec(this.#output)?.[1];
      const grpc = /gRPC\s+[^:\s]+:(\d+)/.exec(this.#output)?.[1];
      if (rest !== undefined && grpc !== undefined) return { grpcPort: Number(grpc), restPort: Number(rest) };
      if (over || timer.aborted) throw new Error(`the server ${over ? 'ended' : 'is not ready'}:\n${this.#output}`);
      await new Promise((resolve) => { setTimeout(resolve, 5); });
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}

/** Commands run in this process against a server in this process, for tests. */
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createLogger } from '@proximadb/process';
import { createStandalone, standaloneConfig, type Standalone } from '@proximadb/standalone';
import { connect, type UnaryCalls } from 'proximadb';
import { run } from '../run.ts';

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly outBytes: Buffer;
  readonly err: string;
}

export interface Commands extends AsyncDisposable {
  readonly folder: string;
  readonly server: Standalone;
  readonly address: string;
  readonly client: UnaryCalls;
  /** A file in the folder. */
  path(name: string): string;
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>;
}

export interface RunOptions {
  readonly input?: string;
  readonly signals?: EventEmitter;
  readonly environment?: Readonly<Record<string, string>>;
  /** Hears what is written to standard output, as it comes. */
  readonly onOut?: (text: string) => void;
}

export async function startCommands(): Promise<Commands> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'proximadb-cli-'));
  stack.defer(() => { rmSync(folder, { recursive: true, force: true }); });
  const config = standaloneConfig.parse({ data: join(folder, 'data'), grpcPort: 0, restPort: 0, graceMs: 500, gateway: { partitionsDefault: 12 } });
  const server = stack.use(await createStandalone(config, { logger: createLogger({ level: 'error' }) }));
  await server.whenReady();
  const address = `127.0.0.1:${server.grpcPort}`;
  const { calls: client } = stack.use(connect(address));
  const moved = stack.move();
  return {
    folder, server, address, client,
    path: (name) => join(folder, name),
    run: (args, options = {}) => runHere(args, { ...options, environment: { PROXIMADB_SERVER: address, ...options.environment } }),
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

export async function runHere(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { input = '', signals = new EventEmitter(), environment = {}, onOut } = options;
  const out = new Captured(onOut);
  const err = new Captured();
  const code = await run(args, { environment, signals: signals as never, out, err, input: Readable.from([Buffer.from(input)]) });
  return { code, out: out.text, outBytes: out.bytes, err: err.text };
}

class Captured extends EventEmitter {
  readonly #chunks: Buffer[] = [];
  readonly #heard: ((text: string) => void) | undefined;

  constructor(heard?: (text: string) => void) {
    super();
    this.#heard = heard;
  }

  write(chunk: string | Uint8Array): boolean {
    this.#chunks.push(Buffer.from(chunk));
    this.#heard?.(String(chunk));
    return true;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get text(): string {
    return this.bytes.toString();
  }
}

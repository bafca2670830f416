/** What a command has of the process it runs in: everything comes from main.ts, so that a test can run one in its own process. */
import pc from 'picocolors';
import type { SignalSource } from '@proximadb/process';
import { AppError } from '@proximadb/errors';

export interface Output {
  write(chunk: string | Uint8Array): unknown;
  once(event: 'drain', listener: () => void): unknown;
  readonly isTTY?: boolean;
  /** Characters in a line. */
  readonly columns?: number;
}

export interface Streams {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signals: SignalSource;
  /** Answers. */
  readonly out: Output;
  /** Progress, remarks and errors: what is not an answer, so that answers can be piped. */
  readonly err: Output;
  readonly input: NodeJS.ReadableStream;
  /** How the process will end if nothing is thrown: 0 unless it is called. */
  readonly exitWith: (code: number) => void;
}

/** Names the server that a command talks to. */
export const serverVariable = 'PROXIMADB_SERVER';

/** Exit codes besides 0. */
export const exitCodes = { failed: 1, usage: 2, interrupted: 130 } as const;

export type Colors = ReturnType<typeof pc.createColors>;

/** Colours where a person looks, none in files and pipes. */
export function colorsOf(output: Output, environment: Streams['environment']): Colors {
  const wanted = (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';
  return pc.createColors(output.isTTY === true && wanted);
}

/** Writes and waits where the reader is slower than we are. */
export async function write(output: Output, chunk: string | Uint8Array): Promise<void> {
  if (output.write(chunk) === false) await new Promise<void>((resolve) => { output.once('drain', resolve); });
}

export function say(output: Output, line: string): void {
  output.write(`${line}\n`);
}

/** @throws AppError CANCELLED once the signal has aborted. */
export function throwIfStopped(signal: AbortSignal, message = 'stopped'): void {
  if (signal.aborted) throw new AppError('CANCELLED', message);
}

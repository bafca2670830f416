/** Runs a program to its end. */
import { spawn } from 'node:child_process';
import process from 'node:process';

export interface ProgramOptions {
  readonly cwd?: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly input?: string | Uint8Array;
  /** @default 600,000 ms */
  readonly timeoutMs?: number;
}

/** @returns what it wrote to standard output. @throws Error with what it wrote to standard error, if it fails. */
export async function runProgram(command: string, args: readonly string[], options: ProgramOptions = {}): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.cwd, env: { ...process.env, ...options.environment }, stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? 600_000, killSignal: 'SIGKILL',
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
  child.stdin.on('error', () => { /* It ended before it read all; its exit code says whether that is a fault. */ });
  child.stdin.end(options.input ?? '');
  const status = await new Promise<string | number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => { resolve(code ?? signal); });
  });
  const text = Buffer.concat(out).toString();
  if (status === 0) return text;
  const said = `${text}\n${Buffer.concat(err).toString()}`.trim().split('\n').slice(-30).join('\n');
  throw new Error(`${command} ${args.join(' ')} ended with ${String(status)}:\n${said}`);
}

/** Starts `append.fixture.ts` for a test. */
 
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const program = fileURLToPath(new URL('append.fixture.ts', import.meta.url));
export const node = process.execPath;

export interface Child {
  readonly process: ChildProcess;
  /** Its lines so far; grows. */
  readonly lines: string[];
  /** What it complained about; for the message of a failed test. */
  readonly complaints: string[];
  /** Settles with the first line that starts like this, or rejects when the process ends before. */
  line(start: string): Promise<string>;
  /** Settles when it has ended, and all its lines are there. */
  readonly ended: Promise<void>;
}

/** @param command what runs the program, in front of its arguments: node itself, or strace, or a shell with limits. */
export function startChild(args: readonly string[], command: readonly string[] = [node, program]): Child {
  const [file = node, ...before] = command;
  const child = spawn(file, [...before, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const complaints: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => complaints.push(text));
  const reader = createInterface({ input: child.stdout });
  const waiting = new Set<() => void>();
  const wake = (): void => { for (const look of [...waiting]) look(); };
  reader.on('line', (line) => {
    lines.push(line);
    wake();
  });
  let over = false;
  const ended = Promise.all([once(child, 'close'), once(reader, 'close')]).then(() => {
    over = true;
    wake();
  });
  const line = (start: string): Promise<string> => new Promise((resolve, reject) => {
    const look = (): void => {
      const found = lines.find((candidate) => candidate.startsWith(start));
      if (found === undefined && !over) return;
      waiting.delete(look);
      if (found !== undefined) resolve(found);
      else reject(new Error(`the child ended without the line "${start}": ${complaints.join('')}`));
    };
    waiting.add(look);
    look();
  });
  return { process: child, lines, complaints, line, ended };
}

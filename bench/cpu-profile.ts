/** What V8's CPU profiler writes (`--cpu-prof`): the stacks of a thread, and how long it was in each. */
import { join } from 'node:path';

export interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  /** From 0. */
  readonly lineNumber: number;
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[];
}

export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Ids of the nodes that the thread was in, one after the other. */
  readonly samples: readonly number[];
  /** µs before each sample. */
  readonly timeDeltas: readonly number[];
}

const root = join(import.meta.dirname, '..');

/** Of each node, without those that it called. µs. */
export function ownMicros({ samples, timeDeltas }: CpuProfile): Map<number, number> {
  const micros = new Map<number, number>();
  samples.forEach((node, i) => { micros.set(node, (micros.get(node) ?? 0) + (timeDeltas[i] ?? 0)); });
  return micros;
}

/** A function and where it stands, from the root of the repository or from `node_modules`. */
export function placeOf({ functionName, url, lineNumber }: CallFrame): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const path = url.replace('file://', '').replace(`${root}/`, '').replace(/^.*node_modules\/(?!\.pnpm)/, '');
  return `${name} ${path}:${lineNumber + 1}`;
}

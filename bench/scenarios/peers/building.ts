/** Writing all rows, until each is acknowledged, and until each has its index. */
import type { Cell, Table } from '../../report.ts';
import type { Course, Entrant } from './entrant.ts';

export interface Built {
  readonly entrant: Entrant;
  readonly ackedSeconds: number;
  readonly indexedSeconds: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly memoryAtRestBytes: number;
  readonly diskBytes: number;
}

/** Writes under way. */
const concurrency = 4;

/** One after the other: each has the machine for itself. What they do after a while without writes is done when it resolves. */
export async function buildAll({ set, entrants, sizes, say }: Course): Promise<Built[]> {
  const built: Omit<Built, 'memoryAtRestBytes'>[] = [];
  for (const entrant of entrants) {
    const { process } = entrant;
    const written = await process.ask({ kind: 'insert', from: 0, to: set.rows, concurrency });
    const settled = await process.ask({ kind: 'settle' });
    const { memoryBytes, diskBytes } = await process.ask({ kind: 'usage' });
    const ackedSeconds = written.tookMs / 1_000;
    const indexedSeconds = (written.tookMs + settled.tookMs - settled.idleMs) / 1_000;
    built.push({ entrant, ackedSeconds, indexedSeconds, cpuSeconds: written.cpuSeconds + settled.cpuSeconds, memoryBytes, diskBytes });
    say(`${entrant.kind.name}: ${set.rows} rows written in ${ackedSeconds.toFixed(1)} s, indexed after ${indexedSeconds.toFixed(1)} s`);
  }
  if (sizes.rest) await Promise.all(entrants.map(({ process }) => process.ask({ kind: 'rest' })));
  const atRest = await Promise.all(built.map(({ entrant }) => entrant.process.ask({ kind: 'usage' })));
  return built.map((one, i) => ({ ...one, memoryAtRestBytes: atRest[i]?.memoryBytes ?? 0 }));
}

export function buildTable({ set }: Course, built: readonly Built[]): Table {
  const mib = (bytes: number): number => Math.round(bytes / 2 ** 20);
  return {
    title: `${set.name}: writing ${set.rows.toLocaleString('en-US')} rows, ${set.dimension}-d, with metadata`,
    columns: ['', 'rows/s acknowledged', 'rows/s until indexed', 'seconds until indexed', 'CPU s of the server', 'memory MiB', 'at rest', 'disk MiB'],
    rows: built.map(({ entrant, ackedSeconds, indexedSeconds, cpuSeconds, memoryBytes, memoryAtRestBytes, diskBytes }): Cell[] => [
      entrant.kind.name, Math.round(set.rows / ackedSeconds), Math.round(set.rows / indexedSeconds), indexedSeconds, cpuSeconds, mib(memoryBytes),
      mib(memoryAtRestBytes), mib(diskBytes),
    ]),
    notes: [
      'One peer after the other, each once. The others are open meanwhile: what they do by themselves after a while without writes may fall into it.',
      'Four writes under way, in batches of what suits each. Acknowledged: durable by the peer\'s own word (a library: in memory, its file comes at the end).',
      'Until indexed: nothing is left to be built. Where a server says so only after a while of quiet, that while is taken off.',
      `The vectors alone are ${mib(set.rows * set.dimension * 4)} MiB. Memory: the server and its children, shared pages once (of a library: all its process).`,
      'At rest: when all have written, and done what they do by themselves after a while without writes.',
    ],
  };
}

/** `node bench/profile.ts FILE…`: the functions where the time of a thread's CPU profile went, by their own time. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const shown = 32;
const root = join(import.meta.dirname, '..');

for (const file of process.argv.slice(2)) {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as Profile;
  const micros = new Map<number, number>();
  profile.samples.forEach((node, i) => { micros.set(node, (micros.get(node) ?? 0) + (profile.timeDeltas[i] ?? 0)); });
  const own = new Map<string, number>();
  let busy = 0;
  for (const node of profile.nodes) {
    const place = placeOf(node);
    const spent = micros.get(node.id) ?? 0;
    own.set(place, (own.get(place) ?? 0) + spent);
    if (place !== '(idle)') busy += spent;
  }
  const total = [...micros.values()].reduce((sum, each) => sum + each, 0);
  console.log(`\n${file}: ${(total / 1e6).toFixed(1)} s, busy ${(busy / 1e6).toFixed(1)} s`);
  const top = [...own].sort(([, a], [, b]) => b - a).filter(([place]) => place !== '(idle)').slice(0, shown);
  for (const [place, spent] of top) console.log(`${(spent / 1000).toFixed(0).padStart(8)} ms ${(spent / busy * 100).toFixed(1).padStart(5)} %  ${place}`);
}

function placeOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const path = url.replace('file://', '').replace(`${root}/`, '').replace(/^.*node_modules\/(?!\.pnpm)/, '');
  return `${name} ${path}:${lineNumber + 1}`;
}

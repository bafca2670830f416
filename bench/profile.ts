/** `node bench/profile.ts FILE…`: the functions where the time of a thread's CPU profile went, by their own time. */
import { readFileSync } from 'node:fs';
import { ownMicros, placeOf, type CpuProfile } from './cpu-profile.ts';

const shown = 32;

for (const file of process.argv.slice(2)) {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
  const micros = ownMicros(profile);
  const own = new Map<string, number>();
  let busy = 0;
  for (const { id, callFrame } of profile.nodes) {
    const place = placeOf(callFrame);
    const spent = micros.get(id) ?? 0;
    own.set(place, (own.get(place) ?? 0) + spent);
    if (place !== '(idle)') busy += spent;
  }
  const total = [...micros.values()].reduce((sum, each) => sum + each, 0);
  console.log(`\n${file}: ${(total / 1e6).toFixed(1)} s, busy ${(busy / 1e6).toFixed(1)} s`);
  const top = [...own].sort(([, a], [, b]) => b - a).filter(([place]) => place !== '(idle)').slice(0, shown);
  for (const [place, spent] of top) console.log(`${(spent / 1000).toFixed(0).padStart(8)} ms ${(spent / busy * 100).toFixed(1).padStart(5)} %  ${place}`);
}

/** What we set ourselves against the peers, and whether this run met it. */
import type { Aim } from '../../report.ts';
import type { Built } from './building.ts';
import type { Filtered } from './filtered.ts';
import { unfiltered } from './filtered.ts';
import { atRecall, ofWay, type Point } from './sweep.ts';

const recall = 0.95;
const fasterThanServers = 1.5;
const fasterToBuild = 2;
const filteredRecall = 0.99;
const filteredSlowdown = 1.5;

export function aimsOf(name: string, built: readonly Built[], points: readonly Point[], filtered: readonly Filtered[]): Aim[] {
  return [
    ...[4, 16].flatMap((clients) => speedAim(name, points, clients)), ...buildAim(name, built), ...filterAims(name, filtered), ...cpuAim(name, points),
  ];
}

function speedAim(name: string, points: readonly Point[], clients: number): Aim[] {
  const servers = [...new Map(points.filter(({ way }) => way.entrant.kind.sort === 'server').map(({ way }) => [way.label, way])).values()];
  const rates = servers.map((way) => ({ way, qps: atRecall(ofWay(points, way.label, 10, clients), recall)?.qps ?? 0 })).filter(({ qps }) => qps > 0);
  const best = (isOurs: boolean): (typeof rates)[number] | undefined =>
    rates.filter(({ way }) => way.entrant.kind.isOurs === isOurs).sort((one, other) => other.qps - one.qps)[0];
  const [ours, theirs] = [best(true), best(false)];
  if (theirs === undefined) return [];
  const ratio = (ours?.qps ?? 0) / theirs.qps;
  return [{
    what: `${name}: searches/s at recall ${recall}, ${clients} clients, against the fastest other server (${theirs.way.label})`,
    aimed: `≥ ${fasterThanServers} ×`,
    measured: `${ratio.toFixed(2)} ×${ours === undefined ? '' : ` (${ours.way.label})`}`, met: ratio >= fasterThanServers,
  }];
}

function buildAim(name: string, built: readonly Built[]): Aim[] {
  const fastest = (isOurs: boolean): Built | undefined => built.filter(({ entrant: { kind } }) => kind.isOurs === isOurs && kind.sort !== 'library')
    .sort((one, other) => one.indexedSeconds - other.indexedSeconds)[0];
  const [ours, theirs] = [fastest(true), fastest(false)];
  if (ours === undefined || theirs === undefined) return [];
  const ratio = theirs.indexedSeconds / ours.indexedSeconds;
  return [{
    what: `${name}: rows/s until indexed, against the fastest other database (${theirs.entrant.kind.name})`, aimed: `≥ ${fasterToBuild} ×`,
    measured: `${ratio.toFixed(2)} × (${ours.entrant.kind.name})`, met: ratio >= fasterToBuild,
  }];
}

function filterAims(name: string, filtered: readonly Filtered[]): Aim[] {
  return [...Map.groupBy(filtered.filter(({ way }) => way.entrant.kind.isOurs), ({ way }) => way.label)].flatMap(([label, mine]) => {
    const withFilter = mine.filter(({ filter }) => filter !== null);
    if (withFilter.length === 0) return [];
    const worst = Math.min(...withFilter.map((one) => one.recall));
    const short = withFilter.reduce((sum, one) => sum + one.short, 0);
    const slowest = Math.max(...withFilter.map((one) => one.p50Ms / unfiltered(filtered, one.way)));
    return [
      {
        what: `${name}: recall@10 under the worst filter, ${label}`, aimed: `≥ ${filteredRecall}, never short of k`,
        measured: `${worst.toFixed(4)}, ${short} short`, met: worst >= filteredRecall && short === 0,
      },
      {
        what: `${name}: p50 under the slowest filter, ${label}`, aimed: `≤ ${filteredSlowdown} × without`, measured: `${slowest.toFixed(2)} ×`,
        met: slowest <= filteredSlowdown,
      },
    ];
  });
}

/** No threshold was set for it, so it is told beside what other servers take. */
function cpuAim(name: string, points: readonly Point[]): Aim[] {
  const at = (label: string): number | undefined => atRecall(ofWay(points, label, 10, 1), recall)?.cpuSecondsPer1000;
  const labels = [...new Map(points.map(({ way }) => [way.label, way])).values()];
  const bare = labels.filter(({ entrant: { kind } }) => kind.name.startsWith('usearch')).map(({ label }) => at(label)).filter((each) => each !== undefined)
    .sort((one, other) => one - other)[0];
  const best = (isOurs: boolean): number | undefined => labels.filter(({ entrant: { kind } }) => kind.isOurs === isOurs && kind.sort === 'server')
    .map(({ label }) => at(label)).filter((each) => each !== undefined).sort((one, other) => one - other)[0];
  const [ours, theirs] = [best(true), best(false)];
  if (bare === undefined || ours === undefined || theirs === undefined) return [];
  return [{
    what: `${name}: server's CPU beyond bare usearch (${(bare * 1_000).toFixed(0)} µs) a search at recall ${recall}, 1 client`,
    aimed: `less than the best other server's, ${((theirs - bare) * 1_000).toFixed(0)} µs`, measured: `${((ours - bare) * 1_000).toFixed(0)} µs`,
    met: ours < theirs,
  }];
}

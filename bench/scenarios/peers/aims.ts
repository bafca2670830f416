/** What we set ourselves against the peers, and whether this run met it. */
import type { Aim } from '../../report.ts';
import type { Built } from './building.ts';
import type { Way } from './entrant.ts';
import type { Filtered } from './filtered.ts';
import { slowdown } from './filtered.ts';
import { ways } from '../../peers/proxima-calls.ts';
import type { Loaded } from './after.ts';
import { atRecall, ofWay, type Point } from './sweep.ts';

const recall = 0.95;
const fasterThanServers = 1.5;
const fasterToBuild = 2;
const ofLibrary = 0.85;
const filteredRecall = 0.99;
const filteredSlowdown = 1.5;
const p50Ms = 0.8;
const loadedP99Ms = p50Ms * 10;
/** Beyond what bare USearch takes for the same recall, ms of a core a search. */
const cpuMs: Readonly<Record<string, number>> = { [ways.ten]: 0.15, [ways.call]: 0.3 };

export function aimsOf(
  name: string, built: readonly Built[], points: readonly Point[], filtered: readonly Filtered[], loaded: readonly Loaded[],
): Aim[] {
  return [
    ...[4, 16].flatMap((clients) => speedAim(name, points, clients)), ...p50Aim(name, points), ...loadedAim(name, loaded), ...buildAims(name, built),
    ...graphAims(name, built), ...filterAims(name, filtered), ...cpuAims(name, points),
  ];
}

const isStandalone = ({ entrant: { kind } }: Way): boolean => kind.isOurs && kind.name !== 'proximadb cluster';

/** Over gRPC: a search a message. */
function p50Aim(name: string, points: readonly Point[]): Aim[] {
  const mine = points.filter(({ way, k, clients }) => isStandalone(way) && (way.way === ways.call || way.way === ways.stream) && k === 10 && clients === 1);
  const [best] = [...new Map(mine.map(({ way }) => [way.label, way])).values()]
    .flatMap((way) => { const at = atRecall(ofWay(points, way.label, 10, 1), recall); return at === undefined ? [] : [{ way, ms: at.p50Ms }]; })
    .sort((one, other) => one.ms - other.ms);
  if (best === undefined) return [];
  return [{
    what: `${name}: p50 of one client over gRPC at recall ${recall}`, aimed: `≤ ${p50Ms} ms`, measured: `${best.ms.toFixed(2)} ms (${best.way.label})`,
    met: best.ms <= p50Ms,
  }];
}

function loadedAim(name: string, loaded: readonly Loaded[]): Aim[] {
  return loaded.filter(({ way, share, clients }) => isStandalone(way) && share === 0.75 && clients === 1).map(({ way, p99Ms }) => ({
    what: `${name}: p99 of one client while 75 % of the most is written, ${way.label}`, aimed: `≤ ${loadedP99Ms} ms`, measured: `${p99Ms.toFixed(1)} ms`,
    met: p99Ms <= loadedP99Ms,
  }));
}

/** One search a call or message, as everybody is asked. */
function speedAim(name: string, points: readonly Point[], clients: number): Aim[] {
  const asked = points.filter(({ way }) => way.entrant.kind.sort === 'server' && way.way !== ways.ten);
  const servers = [...new Map(asked.map(({ way }) => [way.label, way])).values()];
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

/** Each of ours by itself: what lists do, graphs may not. */
function buildAims(name: string, built: readonly Built[]): Aim[] {
  const servers = built.filter(({ entrant: { kind } }) => !kind.isOurs && kind.sort !== 'library');
  const [theirs] = servers.sort((one, other) => one.indexedSeconds - other.indexedSeconds);
  if (theirs === undefined) return [];
  return built.filter(({ entrant: { kind } }) => kind.isOurs).map(({ entrant: { kind }, indexedSeconds }) => {
    const ratio = theirs.indexedSeconds / indexedSeconds;
    return {
      what: `${name}: rows/s until indexed, against the fastest other database (${theirs.entrant.kind.name}), ${kind.name}`, aimed: `≥ ${fasterToBuild} ×`,
      measured: `${ratio.toFixed(2)} ×`, met: ratio >= fasterToBuild,
    };
  });
}

/** Durable rows until each is in a graph, beside the library on as many threads, which keeps nothing. */
function graphAims(name: string, built: readonly Built[]): Aim[] {
  const ours = built.find(({ entrant: { kind } }) => kind.name === 'proximadb hnsw');
  if (ours === undefined) return [];
  return built.filter(({ entrant: { kind } }) => kind.name.startsWith('usearch')).map(({ entrant: { kind }, indexedSeconds }) => {
    const part = indexedSeconds / ours.indexedSeconds;
    return {
      what: `${name}: durable rows until each is in a graph, of bare ${kind.name}`, aimed: `≥ ${ofLibrary * 100} %`,
      measured: `${(part * 100).toFixed(0)} %`, met: part >= ofLibrary,
    };
  });
}

function filterAims(name: string, filtered: readonly Filtered[]): Aim[] {
  return [...Map.groupBy(filtered.filter(({ way }) => way.entrant.kind.isOurs), ({ way }) => way.label)].flatMap(([label, mine]) => {
    const withFilter = mine.filter(({ filter }) => filter !== null);
    if (withFilter.length === 0) return [];
    const worst = Math.min(...withFilter.map((one) => one.recall));
    const short = withFilter.reduce((sum, one) => sum + one.short, 0);
    const slowest = slowdown(withFilter, 'p50Ms');
    const slowestFresh = slowdown(withFilter, 'freshP50Ms');
    return [
      {
        what: `${name}: recall@10 under the worst filter, ${label}`, aimed: `≥ ${filteredRecall}, never short of k`,
        measured: `${worst.toFixed(4)}, ${short} short`, met: worst >= filteredRecall && short === 0,
      },
      {
        what: `${name}: p50 under the slowest filter, ${label}`, aimed: `≤ ${filteredSlowdown} × without`, measured: `${slowest.toFixed(2)} ×`,
        met: slowest <= filteredSlowdown,
      },
      ...(slowestFresh === 0 ? [] : [{
        what: `${name}: p50 under the slowest filter that was never asked before, ${label}`, aimed: `≤ ${filteredSlowdown} × without`,
        measured: `${slowestFresh.toFixed(2)} ×`, met: slowestFresh <= filteredSlowdown,
      }]),
    ];
  });
}

/** The best of ours by the way it is asked; by the others, what the best other server takes. */
function cpuAims(name: string, points: readonly Point[]): Aim[] {
  const at = (label: string): number | undefined => atRecall(ofWay(points, label, 10, 1), recall)?.cpuSecondsPer1000;
  const labels = [...new Map(points.map(({ way }) => [way.label, way])).values()];
  const least = (isMeant: (way: Way) => boolean): number | undefined => labels.filter(isMeant).map(({ label }) => at(label))
    .filter((each) => each !== undefined).sort((one, other) => one - other)[0];
  const bare = least(({ entrant: { kind } }) => kind.name.startsWith('usearch'));
  if (bare === undefined) return [];
  const theirs = least(({ entrant: { kind } }) => !kind.isOurs && kind.sort === 'server');
  const beside = theirs === undefined ? '' : `; the best other server's ${((theirs - bare) * 1_000).toFixed(0)} µs`;
  return Object.entries(cpuMs).flatMap(([asked, aim]) => {
    const ours = least((way) => isStandalone(way) && way.way === asked);
    if (ours === undefined) return [];
    const beyond = ours - bare;
    return [{
      what: `${name}: server's CPU beyond bare usearch (${(bare * 1_000).toFixed(0)} µs) a search at recall ${recall}, ${asked}, 1 client`,
      aimed: `≤ ${aim * 1_000} µs`, measured: `${(beyond * 1_000).toFixed(0)} µs${beside}`, met: beyond <= aim,
    }];
  });
}

/** What the guard watches of one run. */
import type { PeerKind } from '../peers/peer.ts';
import type { Built } from '../scenarios/peers/building.ts';
import { labelOf } from '../scenarios/peers/entrant.ts';
import type { Filtered } from '../scenarios/peers/filtered.ts';
import { atRecall, ofWay, type Point } from '../scenarios/peers/sweep.ts';
import { median } from '../statistics.ts';
import type { Figure, Figures } from './compare.ts';

/** What all others are set in ratio to. */
export const referenceName = 'usearch f32';
const recall = 0.95;
/** On two cores that others use, too, single ratios of three runs of the same code moved by up to two fifths from their median. */
const rateTolerance = 0.45;
const recallTolerance = 0.01;

/** A figure by who it is of: a peer, or one that is asked in one of its ways. */
const names = {
  build: (peer: string): string => `${peer}: rows/s until indexed`,
  searches: (label: string, clients: number): string => `${label}: searches/s at recall ${recall}, ${clients} clients`,
  recall: (label: string): string => `${label}: recall under the worst filter`,
  underFilters: (label: string): string => `${label}: p50 under filters, × without`,
} as const;

/** What a run of these measures, if all reach the recall. */
export function figureNames(kinds: readonly PeerKind[], clients: readonly number[]): string[] {
  return kinds.filter(({ isOurs }) => isOurs).flatMap((kind) => {
    const labels = kind.ways.map((way) => labelOf(kind, way));
    // Of its ways the first one is asked with filters.
    return [
      names.build(kind.name), ...labels.flatMap((label) => clients.map((count) => names.searches(label, count))),
      ...labels.slice(0, 1).flatMap((label) => [names.recall(label), names.underFilters(label)]),
    ];
  });
}

export function figuresOf(built: readonly Built[], points: readonly Point[], filtered: readonly Filtered[]): Figures {
  return Object.fromEntries([...buildRates(built), ...searchRates(points), ...underFilters(filtered)]);
}

type Named = readonly [string, Figure];

function ratio(name: string, value: number, better: Figure['better']): Named {
  return [name, { value, better, tolerance: rateTolerance, by: 'part' }];
}

function buildRates(built: readonly Built[]): Named[] {
  const bare = built.find(({ entrant }) => entrant.kind.name === referenceName);
  if (bare === undefined) return [];
  return built.filter(({ entrant }) => entrant.kind.isOurs).map(({ entrant, indexedSeconds }) =>
    ratio(names.build(entrant.kind.name), bare.indexedSeconds / indexedSeconds, 'higher'));
}

function searchRates(points: readonly Point[]): Named[] {
  const clients = [...new Set(points.map((point) => point.clients))];
  const ours = [...new Set(points.filter(({ way }) => way.entrant.kind.isOurs).map(({ way }) => way.label))];
  return clients.flatMap((count) => {
    const bare = atRecall(ofWay(points, referenceName, 10, count), recall);
    if (bare === undefined) return [];
    return ours.flatMap((label) => {
      const mine = atRecall(ofWay(points, label, 10, count), recall);
      return mine === undefined ? [] : [ratio(names.searches(label, count), mine.qps / bare.qps, 'higher')];
    });
  });
}

function underFilters(filtered: readonly Filtered[]): Named[] {
  const ours = filtered.filter(({ way, filter }) => way.entrant.kind.isOurs && filter !== null);
  return [...Map.groupBy(ours, ({ way }) => way.label)].flatMap(([label, mine]): Named[] => [
    [names.recall(label), {
      value: Math.min(...mine.map((one) => one.recall)), better: 'higher', tolerance: recallTolerance, by: 'difference',
    }],
    ratio(names.underFilters(label), median(mine.map((one) => one.p50Ms / one.besideP50Ms)), 'lower'),
  ]);
}

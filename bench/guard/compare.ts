/** Figures of one run beside those of a stored one: what got worse by more than is let pass. */
import type { Cell, Report } from '../report.ts';
import { median } from '../statistics.ts';

export interface Figure {
  /** A ratio to bare USearch in the same run, or a share: nothing that depends on how fast the machine is. */
  readonly value: number;
  readonly better: 'higher' | 'lower';
  /** How much worse it may be: a part of the stored value, or for a recall, which hardly moves, the difference. */
  readonly tolerance: number;
  readonly by: 'part' | 'difference';
}

export type Figures = Readonly<Record<string, Figure>>;

export interface Baseline {
  readonly takenAt: string;
  readonly figures: Figures;
}

export interface Comparison {
  readonly name: string;
  readonly stored: Figure;
  /** undefined: it was not measured, which counts as worse. */
  readonly measured: number | undefined;
  /** Above 0: worse, in the measure of its tolerance. */
  readonly worseBy: number;
  readonly isWorse: boolean;
}

export function compareFigures(stored: Figures, measured: Figures): Comparison[] {
  return Object.entries(stored).map(([name, figure]) => {
    const now = measured[name]?.value;
    if (now === undefined || !Number.isFinite(now)) return { name, stored: figure, measured: undefined, worseBy: Infinity, isWorse: true };
    const difference = figure.better === 'higher' ? figure.value - now : now - figure.value;
    const worseBy = figure.by === 'difference' ? difference : difference / figure.value;
    return { name, stored: figure, measured: now, worseBy, isWorse: worseBy > figure.tolerance };
  });
}

/** @returns of each figure of the first run its median in all that have it. */
export function mediansOf(runs: readonly Figures[]): Figures {
  const [first = {}] = runs;
  return Object.fromEntries(Object.entries(first).map(([name, figure]) =>
    [name, { ...figure, value: median(runs.flatMap((run) => run[name]?.value ?? [])) }]));
}

/** With a failure for each figure that got worse. */
export function guardReport(baseline: Baseline, measured: Figures): Report {
  const compared = compareFigures(baseline.figures, measured);
  return {
    tables: [{
      title: `Beside the figures of ${baseline.takenAt.slice(0, 10)}`, columns: ['', 'stored', 'now', 'worse by', 'let pass', ''],
      rows: compared.map(({ name, stored, measured: now, worseBy, isWorse }): Cell[] => [
        name, stored.value.toFixed(4), now?.toFixed(4) ?? '–', shown(Math.max(0, worseBy), stored), shown(stored.tolerance, stored),
        isWorse ? 'WORSE' : 'as good',
      ]),
      notes: [
        'Ratios are to bare USearch (f32) in the same run, medians of its rounds.',
        'A change that is meant to cost something writes the baseline anew, medians of three runs: --write-baseline.',
      ],
    }],
    aims: [],
    failures: compared.filter(({ isWorse }) => isWorse).map(({ name, stored, measured: now }) =>
      `${name}: ${now?.toFixed(4) ?? 'not measured'}, ${stored.value.toFixed(4)} is stored, and ${shown(stored.tolerance, stored)} worse is let pass`),
  };
}

function shown(amount: number, { by }: Figure): string {
  if (amount === Infinity) return '–';
  return by === 'part' ? `${Math.round(amount * 100)} %` : amount.toFixed(4);
}

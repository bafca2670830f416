/** Recall against searches a second, as SVG: higher and further right is better. Written by hand, so that nothing has to be installed to draw it. */
import { escape, round } from './svg.ts';

export interface Curve {
  readonly label: string;
  readonly points: readonly { readonly recall: number; readonly qps: number }[];
  /** Ours are drawn thicker. */
  readonly isOurs: boolean;
}

export interface RecallPlot {
  readonly title: string;
  readonly subtitle: string;
  readonly curves: readonly Curve[];
}

const widthMin = 900;
/** Of a letter of a name, about. */
const letter = 7.5;
const nameAt = 62;
const height = 560;
const plot = { left: 80, right: 640, top: 70, bottom: 490 } as const;
/** Read in light and in dark alike, and told apart without seeing red and green apart: shapes differ, too. */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8f6bd8', '#b8860b', '#4f9d4f', '#c0504d', '#7f7f7f', '#2f6f8f'];
/** The part below it holds nothing that anybody would use. */
const recallMinShown = 0.5;

export function recallPlot({ title, subtitle, curves }: RecallPlot): string {
  const drawn = curves.map((curve) => ({ ...curve, points: curve.points.filter(({ qps }) => qps > 0).sort((one, other) => one.recall - other.recall) }));
  const points = drawn.flatMap((curve) => curve.points);
  const low = Math.max(recallMinShown, Math.floor(Math.min(1, ...points.map(({ recall }) => recall)) * 20) / 20);
  const axis = recallAxis(Math.min(low, 0.95));
  const qps = powersAround(points.map((point) => point.qps));
  const x = (recall: number): number => plot.left + axis.place(recall) * (plot.right - plot.left);
  const y = (value: number): number => {
    const share = (Math.log10(value) - Math.log10(qps.low)) / (Math.log10(qps.high) - Math.log10(qps.low));
    return plot.bottom - share * (plot.bottom - plot.top);
  };
  const longest = Math.max(0, ...curves.map(({ label }) => label.length));
  const width = Math.max(widthMin, Math.ceil(plot.right + nameAt + letter * longest + 10));
  const parts = [
    text(plot.left, 28, title, 'class="title"'), text(plot.left, 50, subtitle, 'class="muted"'),
    ...axis.ticks.map((recall) => line(x(recall), plot.top, x(recall), plot.bottom, 'grid')
      + text(x(recall), plot.bottom + 20, String(recall), 'class="muted" text-anchor="middle"')),
    ...qps.ticks.map((value) => line(plot.left, y(value), plot.right, y(value), 'grid')
      + text(plot.left - 8, y(value) + 4, value.toLocaleString('en-US'), 'class="muted" text-anchor="end"')),
    text((plot.left + plot.right) / 2, height - 22, 'recall (the scale is finer towards 1)', 'text-anchor="middle"'),
    text(20, (plot.top + plot.bottom) / 2, 'searches a second', `text-anchor="middle" transform="rotate(-90 20 ${(plot.top + plot.bottom) / 2})"`),
    ...drawn.map((curve, i) => drawCurve(curve, i, x, y)),
    ...drawn.map((curve, i) => legend(curve, i)),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escape(`${title}: ${subtitle}`)}</title>
<style>
  .back { fill: #ffffff } text { fill: #1f2328; font: 13px system-ui, sans-serif } .title { font-size: 18px; font-weight: 600 } .muted { fill: #59636e }
  .grid { stroke: #d1d9e0 } .curve { fill: none }
  @media (prefers-color-scheme: dark) { .back { fill: #0d1117 } text { fill: #e6edf3 } .muted { fill: #9198a1 } .grid { stroke: #2f353d } }
</style>
<rect class="back" width="${width}" height="${height}"/>
${parts.join('\n')}
</svg>
`;
}

function drawCurve({ label, points, isOurs }: Curve, number: number, x: (recall: number) => number, y: (qps: number) => number): string {
  const colour = colours[number % colours.length] ?? '';
  const path = points.map(({ recall, qps }) => `${round(x(recall))},${round(y(qps))}`).join(' ');
  const marks = points.map(({ recall, qps }) =>
    marker(number, x(recall), y(qps), colour, `${label}: recall ${recall.toFixed(4)}, ${Math.round(qps)} searches/s`));
  return `<polyline class="curve" stroke="${colour}" stroke-width="${isOurs ? 3.5 : 1.5}" points="${path}"/>\n${marks.join('\n')}`;
}

function legend({ label, isOurs }: Curve, number: number): string {
  const colour = colours[number % colours.length] ?? '';
  const at = plot.top + 10 + number * 24;
  return `<line x1="${plot.right + 24}" x2="${plot.right + 52}" y1="${at}" y2="${at}" stroke="${colour}" stroke-width="${isOurs ? 3.5 : 1.5}"/>`
    + marker(number, plot.right + 38, at, colour) + text(plot.right + nameAt, at + 4, label, isOurs ? 'font-weight="600"' : '');
}

/** A shape of its own for each of five neighbours. */
function marker(number: number, x: number, y: number, colour: string, says?: string): string {
  const size = 4.5;
  const corners = [
    undefined, [[-1, -1], [1, -1], [1, 1], [-1, 1]], [[0, -1.3], [1.2, 1], [-1.2, 1]], [[0, -1.4], [1.4, 0], [0, 1.4], [-1.4, 0]],
    [[-1.2, -1], [1.2, -1], [0, 1.3]],
  ][number % 5];
  const title = says === undefined ? '' : `<title>${escape(says)}</title>`;
  if (corners === undefined) return `<circle class="point" cx="${round(x)}" cy="${round(y)}" r="${size}" fill="${colour}">${title}</circle>`;
  const at = corners.map(([right = 0, down = 0]) => `${round(x + right * size)},${round(y + down * size)}`).join(' ');
  return `<polygon class="point" points="${at}" fill="${colour}">${title}</polygon>`;
}

/** From `low` to 1: what is missing to 1 by its logarithm, down to a thousandth, since 0.95 and 0.99 are far apart for who misses something. */
function recallAxis(low: number): { readonly ticks: number[]; place(recall: number): number } {
  const finest = 0.001;
  const measure = (recall: number): number => -Math.log(Math.max(1 - recall, 0) + finest);
  const [start, end] = [measure(low), measure(1)];
  const ticks = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 1].filter((tick) => tick >= low);
  return { ticks, place: (recall) => Math.max(0, (measure(recall) - start) / (end - start)) };
}

function powersAround(values: readonly number[]): { readonly low: number; readonly high: number; readonly ticks: number[] } {
  const [least, most] = values.length === 0 ? [1, 10] : [Math.min(...values), Math.max(...values)];
  const candidates = Array.from({ length: 27 }, (_, i) => 10 ** (Math.floor(i / 3) - 1) * ([1, 2, 5][i % 3] ?? 1));
  const low = candidates.findLast((each) => each <= least) ?? least;
  const high = candidates.find((each) => each >= most && each > low) ?? most * 10;
  return { low, high, ticks: candidates.filter((each) => each >= low && each <= high) };
}

function line(x1: number, y1: number, x2: number, y2: number, name: string): string {
  return `<line class="${name}" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`;
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escape(content)}</text>`;
}

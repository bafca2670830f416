import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { recallPlot, type Curve } from './recall-plot.ts';

const curves: readonly Curve[] = [
  { label: 'one <&> "other"', isOurs: false, points: [{ recall: 0.6, qps: 9_000 }, { recall: 0.93, qps: 1_200 }, { recall: 1, qps: 3.5 }] },
  { label: 'ours', isOurs: true, points: [{ recall: 0.97, qps: 800 }, { recall: 0.999, qps: 210 }] },
];

function svgOf(all: readonly Curve[]): string {
  return recallPlot({ title: 'words', subtitle: '10 rows', curves: all });
}

/** Where each point was drawn: of its shape, the first corner or the middle. */
function placesOf(svg: string): { says: string; x: number; y: number }[] {
  const circle = 'cx="([\\d.-]+)" cy="([\\d.-]+)" r="[\\d.]+"';
  const polygon = 'points="([\\d.-]+),([\\d.-]+)[^"]*"';
  const shape = new RegExp(`<(?:circle|polygon) class="point" (?:${circle}|${polygon}) fill="[^"]*"><title>([^<]*)</title>`, 'g');
  return [...svg.matchAll(shape)]
    .map(([, cx, cy, px, py, says = '']) => ({ says, x: Number(cx ?? px), y: Number(cy ?? py) }));
}

test('every point is drawn, inside the frame, and says what it is', () => {
  const places = placesOf(svgOf(curves));
  assert.equal(places.length, 5);
  for (const { recall, qps } of curves.flatMap(({ points }) => points)) {
    assert.equal(places.filter(({ says }) => says.endsWith(`recall ${recall.toFixed(4)}, ${Math.round(qps)} searches/s`)).length, 1, `${recall}, ${qps}`);
  }
  assert.ok(places.every(({ x, y }) => x >= 70 && x <= 650 && y >= 60 && y <= 500), JSON.stringify(places));
});

test('more recall lies further right, more searches a second lie higher', () => {
  const [low, middle, high] = placesOf(svgOf(curves));
  assert.ok(low !== undefined && middle !== undefined && high !== undefined);
  assert.ok(low.x < middle.x && middle.x < high.x);
  assert.ok(low.y < middle.y && middle.y < high.y);
});

test('names are text, whatever is in them', () => {
  const svg = svgOf(curves);
  assert.ok(svg.includes('one &lt;&amp;&gt; &quot;other&quot;') && !svg.includes('<&>'));
});

test('the longest name has room beside the plot', () => {
  const label = 'a peer of a long name, asked in a way that has one, too';
  const svg = svgOf([{ label, isOurs: true, points: [{ recall: 0.9, qps: 10 }] }]);
  const width = Number(/viewBox="0 0 (\d+) /.exec(svg)?.[1]);
  const at = Number(new RegExp(`<text x="([\\d.]+)"[^>]*>${label}<`).exec(svg)?.[1]);
  assert.ok(width >= at + label.length * 7, `${width} from ${at} on`);
  assert.equal(svg.match(new RegExp(`width="${width}"`, 'g'))?.length, 2, 'of the picture and of what is behind it');
});

test('one without points is still a picture', () => {
  assert.match(svgOf([]), /^<svg [^]*<\/svg>\n$/);
  assert.ok(!/NaN|Infinity|undefined/.test(svgOf([{ label: 'nobody', isOurs: false, points: [] }])));
});

test('it is read in the light and in the dark', () => {
  assert.match(svgOf(curves), /prefers-color-scheme: dark/);
});

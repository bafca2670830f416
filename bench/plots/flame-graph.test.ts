import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { CpuProfile } from '../cpu-profile.ts';
import { flameGraph, sharesByKind } from './flame-graph.ts';

const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 9 });
/** serve calls scan twice, in two places; the thread idles for half of the time. */
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 3, 7] },
    { id: 2, callFrame: frame('(idle)') },
    { id: 3, callFrame: frame('serve', 'file:///app/serve.ts'), children: [4, 5] },
    { id: 4, callFrame: frame('scan<0>', 'wasm://wasm/1') },
    { id: 5, callFrame: frame('decode', 'file:///app/node_modules/codec/index.js') },
    { id: 7, callFrame: frame('load', 'node:internal/loader') },
  ],
  samples: [2, 3, 4, 5, 7],
  timeDeltas: [1_000, 100, 600, 100, 200],
};
const shares = (svg: string): Record<string, string> =>
  Object.fromEntries([...svg.matchAll(/<title>(\S+)[^:]*(?::\S+)?.*?: ([\d.]+) %<\/title>/g)].map(([, name = '', share = '']) => [name, share]));

test('a box is as wide as its share of what the thread did; an idle thread does nothing', () => {
  const svg = flameGraph(profile, { title: 'a & b', subtitle: 'one thread' });
  assert.deepEqual(shares(svg), { serve: '80.0', 'scan&lt;0&gt;': '60.0', decode: '10.0', load: '20.0' });
  const widths = [...svg.matchAll(/<g class="box">.*?width="([\d.]+)"/g)].map(([, width]) => Number(width));
  assert.deepEqual(widths, [944, 708, 118, 236]);
  assert.ok(svg.includes('a &amp; b') && !svg.includes('(idle)'));
});

test('a caller leaves out what it does not want to see', () => {
  const without = ({ url }: { readonly url: string }): boolean => url.startsWith('node:');
  assert.deepEqual(shares(flameGraph(profile, { title: 't', subtitle: 's', without })), { serve: '100.0', 'scan&lt;0&gt;': '75.0', decode: '12.5' });
  assert.deepEqual(Object.fromEntries(sharesByKind(profile, without)), { ours: 0.125, wasm: 0.75, library: 0.125 });
});

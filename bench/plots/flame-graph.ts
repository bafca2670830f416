/** A CPU profile as a flame graph, as SVG: callers above, what they call below, each as wide as its share of what the thread did. */
import { ownMicros, placeOf, type CallFrame, type CpuProfile, type ProfileNode } from '../cpu-profile.ts';
import { escape, round } from './svg.ts';

export interface FlameGraph {
  readonly title: string;
  readonly subtitle: string;
  /** Stacks with such a frame are left out. Default: none is. */
  readonly without?: (frame: CallFrame) => boolean;
}

/** Whose code it is. */
export type Kind = 'ours' | 'wasm' | 'library' | 'node' | 'native';

interface Box {
  readonly place: string;
  readonly kind: Kind;
  micros: number;
  readonly children: Map<string, Box>;
}

const width = 1_200;
const rowHeight = 18;
const top = 92;
const margin = 10;
/** Narrower ones cannot be seen. */
const pixelsMin = 1;
const depthMax = 48;
const colours: Readonly<Record<Kind, string>> = { ours: '#d55e00', wasm: '#009e73', library: '#0072b2', node: '#8c959f', native: '#b8860b' };
export const kindNames: Readonly<Record<Kind, string>> = {
  ours: 'ours', wasm: 'kernels (WebAssembly)', library: 'libraries', node: 'Node', native: 'native code, garbage',
};

export function flameGraph(profile: CpuProfile, { title, subtitle, without = () => false }: FlameGraph): string {
  const root = merged(profile, without);
  const drawn = boxes(root);
  const height = top + (Math.max(0, ...drawn.map(({ depth }) => depth)) + 1) * rowHeight + margin;
  const legend = (Object.keys(colours) as Kind[]).map((kind, i) =>
    `<rect x="${margin + i * 180}" y="62" width="14" height="14" fill="${colours[kind]}"/><text x="${margin + 20 + i * 180}" y="74">${kindNames[kind]}</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escape(`${title}: ${subtitle}`)}</title>
<style>
  .back { fill: #ffffff } text { fill: #1f2328; font: 13px system-ui, sans-serif } .title { font-size: 18px; font-weight: 600 } .muted { fill: #59636e }
  .box text { fill: #ffffff; font-size: 11px } .box rect { stroke: #ffffff; stroke-width: 0.5 }
  @media (prefers-color-scheme: dark) { .back { fill: #0d1117 } text { fill: #e6edf3 } .muted { fill: #9198a1 } .box rect { stroke: #0d1117 } }
</style>
<rect class="back" width="${width}" height="${height}"/>
<text x="${margin}" y="26" class="title">${escape(title)}</text><text x="${margin}" y="48" class="muted">${escape(subtitle)}</text>
${legend.join('\n')}
${drawn.map((one) => drawBox(one, root.micros)).join('\n')}
</svg>
`;
}

/** The share of each kind in what the thread did, by its own time: 0 to 1. */
export function sharesByKind(profile: CpuProfile, without: (frame: CallFrame) => boolean): Map<Kind, number> {
  const own = new Map<Kind, number>();
  eachStack(profile, without, (stack, micros) => {
    const kind = kindOf(stack.at(-1)?.url ?? '');
    own.set(kind, (own.get(kind) ?? 0) + micros);
  });
  const total = [...own.values()].reduce((sum, each) => sum + each, 0);
  return new Map([...own].map(([kind, micros]) => [kind, micros / total]));
}

/** Equal stacks as one. */
function merged(profile: CpuProfile, without: (frame: CallFrame) => boolean): Box {
  const root: Box = { place: '', kind: 'native', micros: 0, children: new Map() };
  eachStack(profile, without, (stack, micros) => {
    root.micros += micros;
    let box = root;
    for (const frame of stack) {
      box = childOf(box, frame);
      box.micros += micros;
    }
  });
  return root;
}

/** Stacks from the outermost frame to the innermost, with the time in the innermost. µs. */
function eachStack(profile: CpuProfile, without: (frame: CallFrame) => boolean, visit: (stack: readonly CallFrame[], micros: number) => void): void {
  const own = ownMicros(profile);
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const walk = ({ id, callFrame, children = [] }: ProfileNode, above: readonly CallFrame[]): void => {
    if (callFrame.functionName === '(idle)' || without(callFrame)) return;
    const stack = callFrame.functionName === '(root)' ? above : [...above, callFrame];
    const micros = own.get(id) ?? 0;
    if (micros > 0 && stack.length > 0) visit(stack, micros);
    for (const child of children.flatMap((each) => nodes.get(each) ?? [])) walk(child, stack);
  };
  for (const first of profile.nodes.slice(0, 1)) walk(first, []);
}

function childOf(parent: Box, frame: CallFrame): Box {
  const place = placeOf(frame);
  const child = parent.children.get(place) ?? { place, kind: kindOf(frame.url), micros: 0, children: new Map<string, Box>() };
  parent.children.set(place, child);
  return child;
}

function kindOf(url: string): Kind {
  if (url.startsWith('wasm:')) return 'wasm';
  if (url.startsWith('node:')) return 'node';
  if (url === '') return 'native';
  return url.includes('node_modules') ? 'library' : 'ours';
}

interface DrawnBox {
  readonly box: Box;
  readonly depth: number;
  readonly left: number;
  readonly pixels: number;
}

function boxes(root: Box): DrawnBox[] {
  const scale = (width - 2 * margin) / Math.max(1, root.micros);
  const drawn: DrawnBox[] = [];
  const draw = (parent: Box, depth: number, left: number): void => {
    let at = left;
    for (const box of [...parent.children.values()].sort((one, other) => other.micros - one.micros)) {
      const pixels = box.micros * scale;
      if (pixels < pixelsMin || depth >= depthMax) return;
      drawn.push({ box, depth, left: at, pixels });
      draw(box, depth + 1, at);
      at += pixels;
    }
  };
  draw(root, 0, margin);
  return drawn;
}

function drawBox({ box: { place, kind, micros }, depth, left, pixels }: DrawnBox, total: number): string {
  const share = `${(micros / total * 100).toFixed(1)} %`;
  const [name = ''] = place.split(' ');
  const fitting = name.slice(0, Math.floor((pixels - 6) / 6.2));
  const label = fitting.length < 3 ? '' : `<text x="${round(left + 3)}" y="${top + depth * rowHeight + 13}">${escape(fitting)}</text>`;
  return `<g class="box"><title>${escape(`${place}: ${share}`)}</title><rect x="${round(left)}" y="${top + depth * rowHeight}" width="${round(pixels)}" `
    + `height="${rowHeight - 1}" fill="${colours[kind]}"/>${label}</g>`;
}

/** A plain read of memory by one thread, as fast as it goes: what is read by a scan can be no faster. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** See `assembly/read.ts`. */
interface Reader {
  readonly fill: (pages: number) => void;
  readonly read: (quarter: number) => number;
}

/** Node's types leave it out. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Reader };
};

const pageBytes = 65_536;
/** A cache line of each of the four streams. */
const stepBytes = 4 * 64;

/** @param scratch a folder for what is compiled. @returns of so many bytes what reads them: memory of its own, which is written to here. */
export function plainReader(scratch: string): (bytes: number) => () => unknown {
  const file = join(scratch, 'read.wasm');
  const compiler = fileURLToPath(import.meta.resolve('assemblyscript/bin/asc.js'));
  const options = ['-O3', '--runtime', 'stub', '--enable', 'simd', '--use', 'abort='];
  const args = [compiler, 'assembly/read.ts', '--outFile', file, ...options];
  execFileSync(process.execPath, args, { cwd: import.meta.dirname, stdio: ['ignore', 'ignore', 'inherit'] });
  const module = new WebAssembly.Module(readFileSync(file));
  return (bytes) => {
    const { fill, read } = new WebAssembly.Instance(module, {}).exports;
    fill(Math.ceil(bytes / pageBytes));
    return () => read(Math.floor(bytes / stepBytes) * stepBytes / 4);
  };
}

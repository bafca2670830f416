/**
 * Compiles assembly/ to kernels.wasm. With --check it writes nothing, and exits 1 if the committed file is another one.
 * The same sources give the same bytes: the compiler's version is pinned, and nothing of the machine gets into the module.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const output = join(import.meta.dirname, 'kernels.wasm');
// The memory is the slab's and nothing is allocated inside: no runtime, no way to abort.
const options = [
  '-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--enable', 'relaxed-simd', '--importMemory', '--initialMemory', '1', '--noExportMemory',
  '--use', 'abort=',
];

function compile(): Buffer {
  const compiler = fileURLToPath(import.meta.resolve('assemblyscript/bin/asc.js'));
  const folder = mkdtempSync(join(tmpdir(), 'proximadb-kernels-'));
  try {
    const file = join(folder, 'kernels.wasm');
    execFileSync(process.execPath, [compiler, 'assembly/index.ts', '--outFile', file, ...options], { cwd: import.meta.dirname, stdio: 'inherit' });
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function committed(): Buffer {
  try {
    return readFileSync(output);
  } catch {
    return Buffer.alloc(0);
  }
}

const binary = compile();
if (!process.argv.includes('--check')) {
  writeFileSync(output, binary);
  console.log(`kernels.wasm: ${binary.length} bytes`);
} else if (!committed().equals(binary)) {
  console.error('kernels.wasm is not what assembly/ compiles to: run packages/segment/src/kernels/build.ts');
  process.exitCode = 1;
}

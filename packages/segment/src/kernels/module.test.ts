import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { test } from 'node:test';

test('who starts it where there is no SIMD is told what it takes', { skip: process.arch !== 'x64' && 'has no flag that takes SIMD away' }, () => {
  const source = `
    const { Slab } = await import(${JSON.stringify(import.meta.resolve('./index.ts'))});
    try {
      new Slab({ dimension: 4, rows: 1, rowsMax: 1 });
    } catch ({ name, code, message, cause }) {
      console.log(JSON.stringify({ name, code, message, cause: cause?.name }));
    }`;
  const told = execFileSync(process.execPath, ['--no-warnings', '--no-enable-sse4-1', '--input-type=module', '--eval', source], { encoding: 'utf8' });
  assert.deepEqual(JSON.parse(told), {
    name: 'AppError', code: 'FAILED_PRECONDITION', cause: 'CompileError',
    message: 'this Node.js cannot compile kernels.wasm, which needs relaxed SIMD: the operator has to run ProximaDB on Node.js 24 or '
      + 'later, on an x86-64 processor with SSE4.1 or on ARM64',
  });
});

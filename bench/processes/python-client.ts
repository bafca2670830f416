/** The Python client's own measurement, a program of its own that prints JSON. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const program = join(import.meta.dirname, '..', '..', 'clients', 'python', 'bench', 'overhead.py');

/** µs of the client's processor time. */
export interface PythonOverhead {
  readonly encoding: { readonly encodeMicros: number; readonly avroLibraryMicros: number; readonly decodeMicros: number };
  readonly grpc: { readonly writeMicrosPerRecord: number; readonly searchMicros: number };
  readonly rest: { readonly writeMicrosPerRecord: number; readonly searchMicros: number };
}

/** @returns why it was not measured, where the client or what it needs is not there. */
export async function pythonOverhead(
  server: { readonly grpc: string; readonly rest: string }, records: number, searches: number,
): Promise<PythonOverhead | string> {
  if (!existsSync(program)) return 'clients/python has no bench/overhead.py';
  const python = process.env['PROXIMADB_BENCH_PYTHON'] ?? 'python3';
  try {
    const args = [program, '--grpc', server.grpc, '--rest', server.rest, '--records', String(records), '--searches', String(searches)];
    return JSON.parse((await promisify(execFile)(python, args)).stdout) as PythonOverhead;
  } catch (thrown) {
    const { stderr = '' } = thrown as { readonly stderr?: string };
    if (!/ModuleNotFoundError|ENOENT/.test(`${stderr}${String(thrown)}`)) throw thrown;
    return `${python} has not what the client needs (PROXIMADB_BENCH_PYTHON names another one)`;
  }
}

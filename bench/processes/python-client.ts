/** The Python client's own measurement, a program of its own that prints JSON. */
import { join } from 'node:path';
import { missingPython, pythonClient, pythonEnvironment, pythonProgram, runProgram } from '@proximadb/test-cluster';

/** µs of the client's processor time. */
export interface PythonOverhead {
  readonly encoding: { readonly encodeMicros: number; readonly avroLibraryMicros: number; readonly decodeMicros: number };
  readonly grpc: { readonly writeMicrosPerRecord: number; readonly searchMicros: number };
  readonly rest: { readonly writeMicrosPerRecord: number; readonly searchMicros: number };
}

/** @returns why it was not measured, where there is no Python for it. */
export async function pythonOverhead(
  server: { readonly grpc: string; readonly rest: string }, records: number, searches: number,
): Promise<PythonOverhead | string> {
  const lack = missingPython();
  if (lack !== false) return lack;
  const program = join(pythonClient, 'bench', 'overhead.py');
  const args = [program, '--grpc', server.grpc, '--rest', server.rest, '--records', String(records), '--searches', String(searches)];
  return JSON.parse(await runProgram(await pythonProgram(), args, { environment: pythonEnvironment() })) as PythonOverhead;
}

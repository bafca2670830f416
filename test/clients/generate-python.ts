// What of the Python client is generated from the schemas. With --check it is only compared.
import process from 'node:process';
import { missingPython, pythonClient, pythonEnvironment, pythonProgram, runProgram } from '@proximadb/test-cluster';

const lack = missingPython();
if (lack === false) {
  const args = ['generate.py', ...process.argv.slice(2)];
  const said = await runProgram(await pythonProgram(), args, { cwd: pythonClient, environment: pythonEnvironment() })
    .catch((error: unknown) => {
      process.exitCode = 1;
      return (error as Error).message;
    });
  process.stdout.write(said);
} else {
  console.error(`The Python client is left out: it ${lack}`);
  process.exitCode = process.env['CI'] === 'true' ? 1 : 0;
}

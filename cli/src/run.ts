/** One command line from its arguments to its exit code. */
import { CommanderError } from 'commander';
import { describeFault, faultOf } from './faults.ts';
import { createProgram } from './program.ts';
import { colorsOf, exitCodes, say, type Streams } from './terminal.ts';

/** @param args without the program. @returns the exit code; what went wrong is said on `err`. Nothing is thrown. */
export async function run(args: readonly string[], streams: Omit<Streams, 'exitWith'>): Promise<number> {
  let exitCode = 0;
  try {
    const program = await createProgram(args, { ...streams, exitWith: (code) => { exitCode = code; } });
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (thrown) {
    // Commander has said what is wrong, or shown the help that was asked for.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : exitCodes.usage;
    const error = faultOf(thrown);
    const [first = '', ...rest] = describeFault(error);
    say(streams.err, [colorsOf(streams.err, streams.environment).red(first), ...rest].join('\n'));
    return error.code === 'CANCELLED' ? exitCodes.interrupted : exitCodes.failed;
  }
}

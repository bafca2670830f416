/** The commands and their arguments; what each does is in a file of its own. */
import { Command } from 'commander';
import { start, startHelp, type Terminal } from './start.ts';

export interface Streams extends Terminal {
  readonly err: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly input: NodeJS.ReadableStream;
}

export function createProgram(streams: Streams): Command {
  const program = new Command('proximadb').description('A vector database on a message log.').showHelpAfterError().enablePositionalOptions();
  program.command('start')
    .description('start a standalone server (gRPC on 5679, REST on 5678, data in ./data)')
    .usage('[--data DIR] [--rest-port N] [--grpc-port N] [--host H] [--config FILE] [--<any other option> VALUE]')
    .allowUnknownOption().allowExcessArguments().passThroughOptions().helpOption(false)
    .argument('[options...]')
    .action(async (options: string[]) => {
      if (options.includes('--help') || options.includes('-h')) streams.out.write(`${startHelp()}\n`);
      else await start(options, streams);
    });
  return program;
}

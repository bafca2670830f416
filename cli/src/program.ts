/** The commands and their arguments; what each does is in a file of its own. */
import { Command } from 'commander';
import { addCollections } from './collections.ts';
import { addInspect } from './inspect/inspect.ts';
import { addProcesses } from './processes.ts';
import { addRecords } from './records.ts';
import { addDemo } from './demo/demo.ts';
import { addDoctor } from './doctor.ts';
import { addExport } from './export.ts';
import { addImport } from './import/import.ts';
import { addReindex } from './reindex.ts';
import { addSchemas } from './schemas.ts';
import { start, startHelp } from './start.ts';
import { addStats } from './stats.ts';
import { addVerify } from './verify.ts';
import type { Streams } from './terminal.ts';

export function createProgram(streams: Streams): Command {
  const program = new Command('proximadb').description('A vector database on a message log.').showHelpAfterError('(--help shows how)')
    .enablePositionalOptions().exitOverride()
    .configureOutput({ writeOut: (text) => { streams.out.write(text); }, writeErr: (text) => { streams.err.write(text); } })
    .addHelpText('after', '\nExit codes: 0 done; 1 failed, or a row was refused; 2 the command line is wrong; 130 interrupted.');
  program.command('start')
    .description('start a standalone server (gRPC on 5679, REST on 5678, data in ./data)')
    .usage('[--data DIR] [--rest-port N] [--grpc-port N] [--host H] [--config FILE] [--<any other option> VALUE]')
    .allowUnknownOption().allowExcessArguments().passThroughOptions().helpOption(false)
    .argument('[options...]')
    .action(async (options: string[]) => {
      if (options.includes('--help') || options.includes('-h')) streams.out.write(`${startHelp()}\n`);
      else await start(options, streams);
    });
  addDemo(program, streams);
  addCollections(program, streams);
  addImport(program, streams);
  addExport(program, streams);
  addRecords(program, streams);
  addReindex(program, streams);
  addStats(program, streams);
  addVerify(program, streams);
  addDoctor(program, streams);
  addInspect(program, streams);
  addProcesses(program, streams);
  addSchemas(program, streams);
  return program;
}

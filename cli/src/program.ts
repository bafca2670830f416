/** The commands; what each takes and does is in a file of its own. */
import { Command } from 'commander';
import type { Streams } from './terminal.ts';

type Add = (program: Command, streams: Streams) => void;

/** In the order of the help. Only the file of the command that is asked for is loaded: a server that loads those of all takes a third of a second more. */
const files: readonly { readonly names: readonly string[]; readonly load: () => Promise<Add> }[] = [
  { names: ['start'], load: async () => (await import('./start.ts')).addStart },
  { names: ['demo'], load: async () => (await import('./demo/demo.ts')).addDemo },
  { names: ['collections'], load: async () => (await import('./collections.ts')).addCollections },
  { names: ['import'], load: async () => (await import('./import/import.ts')).addImport },
  { names: ['export'], load: async () => (await import('./export.ts')).addExport },
  { names: ['get', 'search'], load: async () => (await import('./records.ts')).addRecords },
  { names: ['reindex'], load: async () => (await import('./reindex.ts')).addReindex },
  { names: ['stats'], load: async () => (await import('./stats.ts')).addStats },
  { names: ['verify'], load: async () => (await import('./verify.ts')).addVerify },
  { names: ['doctor'], load: async () => (await import('./doctor.ts')).addDoctor },
  { names: ['inspect'], load: async () => (await import('./inspect/inspect.ts')).addInspect },
  { names: ['gateway', 'indexer', 'query'], load: async () => (await import('./processes.ts')).addProcesses },
  { names: ['schemas'], load: async () => (await import('./schemas.ts')).addSchemas },
];

/** @param args of the command line, without the program. It knows all commands, unless they begin with the name of one. */
export async function createProgram(args: readonly string[], streams: Streams): Promise<Command> {
  const program = new Command('proximadb').description('A vector database on a message log.').showHelpAfterError('(--help shows how)')
    .enablePositionalOptions().exitOverride()
    .configureOutput({ writeOut: (text) => { streams.out.write(text); }, writeErr: (text) => { streams.err.write(text); } })
    .addHelpText('after', '\nExit codes: 0 done; 1 failed, or a row was refused; 2 the command line is wrong; 130 interrupted.');
  const asked = files.filter(({ names }) => names.includes(args[0] ?? ''));
  for (const add of await Promise.all((asked.length > 0 ? asked : files).map(({ load }) => load()))) add(program, streams);
  return program;
}

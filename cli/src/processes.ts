/** `proximadb gateway`, `indexer`, `query`: one process of a cluster in this process. */
import type { Command } from 'commander';
import pc from 'picocolors';
import type { z } from 'zod';
import {
  createGatewayProcess, createIndexerProcess, createQueryProcess, gatewayProcessConfig, indexerProcessConfig, queryProcessConfig, type ClusterProcess,
} from '@proximadb/cluster';
import { createLogger, describeConfig, stopOnSignals, type ConfigSchema, type Logger, type LogLevel } from '@proximadb/process';
import { settingsOf } from './settings.ts';
import type { Streams } from './terminal.ts';

interface Kind<S extends ConfigSchema> {
  readonly name: 'gateway' | 'indexer' | 'query';
  readonly summary: string;
  readonly schema: S;
  readonly create: (config: z.output<S>, dependencies: { readonly logger: Logger }) => Promise<ClusterProcess>;
}

const gatewayKind: Kind<typeof gatewayProcessConfig> = {
  name: 'gateway', summary: 'start a gateway of a cluster: it takes writes into Kafka (and answers reads)',
  schema: gatewayProcessConfig, create: createGatewayProcess,
};
const indexerKind: Kind<typeof indexerProcessConfig> = {
  name: 'indexer', summary: 'start an indexer of a cluster: it holds shards', schema: indexerProcessConfig, create: createIndexerProcess,
};
const queryKind: Kind<typeof queryProcessConfig> = {
  name: 'query', summary: 'start a query service of a cluster: it answers reads', schema: queryProcessConfig, create: createQueryProcess,
};

export function addProcesses(program: Command, streams: Streams): void {
  add(program, streams, gatewayKind);
  add(program, streams, indexerKind);
  add(program, streams, queryKind);
}

function add<S extends ConfigSchema>(program: Command, streams: Streams, kind: Kind<S>): void {
  program.command(kind.name)
    .description(kind.summary)
    .usage('[--config FILE] [--<any option> VALUE]')
    .allowUnknownOption().allowExcessArguments().passThroughOptions().helpOption(false)
    .argument('[options...]')
    .action(async (options: string[]) => {
      if (options.includes('--help') || options.includes('-h')) streams.out.write(`${describeConfig(kind.schema)}\n`);
      else await runProcess(kind, options, streams);
    });
}

/** Runs until it is told to stop. @throws AppError INVALID_ARGUMENT for a mistake in the configuration. */
async function runProcess<S extends ConfigSchema>(kind: Kind<S>, args: readonly string[], streams: Streams): Promise<void> {
  const config = settingsOf(kind.schema, args, streams);
  // Every process has these two; the type of a schema that is not known yet does not say so.
  const { logLevel, host } = config as unknown as { readonly logLevel: LogLevel; readonly host: string };
  const logger = createLogger({ level: logLevel, fields: { service: kind.name } });
  const say = (text: string): void => { streams.out.write(`${text}\n`); };
  using stop = stopOnSignals(streams.signals, { onStop: () => { say('Stopping: calls under way end (once more to stop at once)'); } });
  await using started = await kind.create(config, { logger });
  say(`${pc.bold(`ProximaDB ${kind.name}`)}  gRPC ${pc.cyan(`${host}:${started.grpcPort}`)}  HTTP ${pc.cyan(`http://${host}:${started.restPort}`)}`);
  await started.run(stop.signal);
  say('Stopped.');
}

/** All options of each process, for the documentation. */
export function processHelp(): readonly { readonly name: string; readonly help: string }[] {
  return [gatewayKind, indexerKind, queryKind].map(({ name, schema }) => ({ name, help: describeConfig(schema) }));
}

/** Kafka's jars, and the programs in them. */
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { provision } from './cache.ts';
import { brokerListed } from './kafka-protocol.ts';
import { copyDependencies } from './maven.ts';
import { freePorts, host } from './ports.ts';
import { runProgram } from './run-program.ts';
import { kafkaVersion, versions } from './versions.ts';

export interface KafkaSoftware {
  /** Where the programs must be started: the class path and the archive of loaded classes are relative to it. */
  readonly folder: string;
  /** Arguments of `java` before the name of a main class. */
  readonly javaArgs: readonly string[];
  /** What `format` of Kafka's storage tool writes for this version: which features a new cluster has. */
  readonly bootstrapCheckpoint: string;
}

let found: Promise<KafkaSoftware> | undefined;

/** Fetched from Maven Central at the first call on this machine (about 30 seconds). */
export function kafkaSoftware(): Promise<KafkaSoftware> {
  found ??= provision(versions.kafka, make).then(describe);
  return found;
}

const archive = 'classes.jsa';
const checkpoint = 'bootstrap.checkpoint';

async function describe(folder: string): Promise<KafkaSoftware> {
  const jars = (await readdir(join(folder, 'lib'))).sort().map((jar) => `lib/${jar}`);
  return {
    folder,
    bootstrapCheckpoint: join(folder, checkpoint),
    javaArgs: [
      '-cp', jars.join(':'), '-Dlog4j2.configurationFile=log4j2.properties', '-XX:+UseSerialGC',
      // Loaded classes are mapped from a file: 2.5 s less of a processor's time a start. Another Java than the one that wrote it goes without.
      `-XX:SharedArchiveFile=${archive}`, '-Xshare:auto', '-Xlog:cds=off', '-Xlog:cds+dynamic=off',
    ],
  };
}

async function make(folder: string): Promise<void> {
  await copyDependencies(join(folder, 'lib'), [
    { group: 'org.apache.kafka', artifact: 'kafka_2.13', version: kafkaVersion },
    { group: 'org.apache.kafka', artifact: 'kafka-tools', version: kafkaVersion },
    { group: 'org.apache.logging.log4j', artifact: 'log4j-slf4j-impl', version: '2.25.4' },
  ]);
  await writeFile(join(folder, 'log4j2.properties'), [
    'status = error', 'appender.out.type = Console', 'appender.out.name = out', 'appender.out.layout.type = PatternLayout',
    'appender.out.layout.pattern = %d{ISO8601} %p %m (%c{1})%n', 'rootLogger.level = info', 'rootLogger.appenderRef.out.ref = out',
    // Prints all 300 settings at each start.
    'logger.config.name = org.apache.kafka.common.config', 'logger.config.level = warn', '',
  ].join('\n'));
  await train(folder);
}

/** A broker starts and ends once, so that Java can note which classes it loads, and Kafka how it formats an empty disk. */
async function train(folder: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'proximadb-kafka-training-'));
  const [port = 0, controllerPort = 0] = await freePorts(2);
  const settings = join(work, 'server.properties');
  await writeFile(settings, [
    'process.roles=broker,controller', 'node.id=1', `listeners=PLAINTEXT://${host}:${port},CONTROLLER://${host}:${controllerPort}`,
    'controller.listener.names=CONTROLLER', `controller.quorum.voters=1@${host}:${controllerPort}`, `log.dirs=${join(work, 'data')}`,
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT', 'log.cleaner.dedupe.buffer.size=2097152', '',
  ].join('\n'));
  const { javaArgs } = await describe(folder);
  const args = javaArgs.filter((argument) => !argument.includes('SharedArchive'));
  await runProgram('java', [...args, 'kafka.tools.StorageTool', 'format', '-t', 'AAAAAAAAAAAAAAAAAAAAAQ', '-c', settings], { cwd: folder });
  await cp(join(work, 'data', checkpoint), join(folder, checkpoint));
  await mkdir(join(work, 'data'), { recursive: true });
  const log = openSync(join(work, 'log'), 'a');
  const broker = spawn('java', [...args, `-XX:ArchiveClassesAtExit=${archive}`, 'kafka.Kafka', settings], { cwd: folder, stdio: ['ignore', log, log] });
  const ended = new Promise<void>((resolve) => { broker.on('exit', () => { resolve(); }); });
  const until = AbortSignal.timeout(120_000);
  while (!until.aborted && broker.exitCode === null && !await brokerListed(port, 1).catch(() => false)) await delay(50);
  broker.kill('SIGTERM');
  const force = setTimeout(() => broker.kill('SIGKILL'), 60_000);
  await ended;
  clearTimeout(force);
  await rm(work, { recursive: true, force: true });
}

/**
 * Runs one of Kafka's own programs, such as `org.apache.kafka.tools.ConsoleProducer`.
 * @returns its standard output. @throws Error with what it said, if it fails.
 */
export async function kafkaTool(mainClass: string, args: readonly string[], input: string | Uint8Array = ''): Promise<string> {
  const { folder, javaArgs } = await kafkaSoftware();
  return runProgram('java', ['-Xmx256m', '-XX:TieredStopAtLevel=1', ...javaArgs, mainClass, ...args], { cwd: folder, input, timeoutMs: 120_000 });
}

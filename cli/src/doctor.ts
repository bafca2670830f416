/** `proximadb doctor`: what is wrong, since when, and who must act. */
import type { Command } from 'commander';
import type { DiagnoseResponse, Finding, KnownMember } from '@proximadb/schemas';
import { connect, talking, withServer, type ServerOption } from './connection.ts';
import { duration } from './figures.ts';
import { oneLine, toJson } from './tables.ts';
import { colorsOf, exitCodes, say, type Colors, type Streams } from './terminal.ts';

interface DoctorOptions extends ServerOption {
  readonly json?: boolean;
}

export function addDoctor(program: Command, streams: Streams): void {
  withServer(program.command('doctor').description('what is wrong, since when, and who must act'))
    .option('--json', 'answer in JSON, for programs')
    .addHelpText('after', '\nThe exit code is 0 if nothing is wrong, or there are only notices.\n\nExample:\n  $ proximadb doctor --server query:5679')
    .action(async (options: DoctorOptions) => {
      const answer = await talking(connect(options, streams), (db) => db.diagnose());
      say(streams.out, options.json === true ? toJson(answer) : doctorText(answer, colorsOf(streams.out, streams.environment)));
      if (answer.findings.some(({ severity }) => severity !== 'notice')) streams.exitWith(exitCodes.failed);
    });
}

function doctorText({ findings, members }: DiagnoseResponse, colors: Colors): string {
  const nowMs = Date.now();
  const parts = findings.map((finding) => findingText(finding, nowMs, colors));
  if (findings.length === 0) parts.push(colors.green('Nothing is known to be wrong.'));
  if (members.length > 0) parts.push(`Living: ${membersText(members)}.`);
  return parts.join('\n\n');
}

function findingText({ severity, what, where, since, who, advice }: Finding, nowMs: number, colors: Colors): string {
  const color = severity === 'critical' ? colors.red : severity === 'warning' ? colors.yellow : colors.dim;
  const row = (name: string, value: string): string => `  ${colors.dim(name.padEnd(5))}  ${oneLine(value)}`;
  const ms = since === null ? null : Number(since / 1_000n);
  return [
    `${color(severity)}  ${oneLine(`${where} ${what}`)}`,
    ...(ms === null ? [] : [row('since', `${new Date(ms).toISOString()} (${duration(Math.max(0, nowMs - ms))} ago)`)]),
    row('who', who), row('do', advice),
  ].join('\n');
}

/** 2 gateways, 4 indexers in 2 groups, 1 query service */
function membersText(members: readonly KnownMember[]): string {
  const of = (kind: string): readonly KnownMember[] => members.filter((member) => member.kind === kind);
  const groups = new Set(of('indexer').map(({ group }) => group)).size;
  const named = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`;
  return [
    named(of('gateway').length, 'gateway'), `${named(of('indexer').length, 'indexer')} in ${named(groups, 'replica group')}`,
    named(of('query').length, 'query service'),
  ].join(', ');
}

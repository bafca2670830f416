/** `proximadb verify`: do the replicas of a collection hold the same records? */
import type { Command } from 'commander';
import type { VerifiedPartition, VerifyResponse } from '@proximadb/schemas';
import { connect, talking, withServer, type ServerOption } from './connection.ts';
import { count } from './figures.ts';
import { table, toJson } from './tables.ts';
import { colorsOf, exitCodes, say, type Streams } from './terminal.ts';

interface VerifyOptions extends ServerOption {
  readonly json?: boolean;
}

export function addVerify(program: Command, streams: Streams): void {
  withServer(program.command('verify').description('compare the replicas of a collection, record by record where they differ').argument('<collection>'))
    .option('--json', 'answer in JSON, for programs')
    .addHelpText('after', `
Each partition's replicas are compared by the sums that they noted at the last offset they all passed, and by all that they hold at one
offset, while reads and writes go on. The exit code is 0 if they agree, or where there is one replica only.

Example:
  $ proximadb verify words`)
    .action(async (collection: string, options: VerifyOptions) => {
      const answer = await talking(connect(options, streams), (db) => db.collection(collection).verify());
      say(streams.out, options.json === true ? toJson(answer) : verifyText(answer, streams));
      if (answer.verdict === 'differ' || answer.verdict === 'unknown') streams.exitWith(exitCodes.failed);
    });
}

const sentences: Readonly<Record<string, string>> = {
  agree: 'All replicas agree.',
  alone: 'There is one replica of some partitions only: nothing to compare it with.',
  unknown: 'Some partitions could not be looked into.',
  differ: 'REPLICAS DIFFER: at least one of them is wrong.',
};

function verifyText({ verdict, partitions }: VerifyResponse, streams: Streams): string {
  const colors = colorsOf(streams.out, streams.environment);
  const parts = [table([
    { title: 'partition', align: 'right' }, { title: 'verdict' }, { title: 'compared at', align: 'right' }, { title: 'mark', align: 'right' },
    { title: 'replica' }, { title: 'group', align: 'right' }, { title: 'records', align: 'right' }, { title: 'sum' },
  ], partitions.flatMap((one) => one.replicas.map(({ member, group, reason, records, sum }, i) => [
    ...(i === 0 ? [String(one.partition), verdictText(one, colors), offsetText(one.at), offsetText(one.mark)] : ['', '', '', '']),
    member, String(group), ...(sum === null ? ['', reason ?? 'not compared'] : [count(records), sum]),
  ])), colors)];
  const differences = partitions.flatMap((one) => one.differences.map((difference) => ({ one, difference })));
  if (differences.length > 0) {
    parts.push(table([{ title: 'partition', align: 'right' }, { title: 'id' }, { title: 'replica' }, { title: 'version' }, { title: 'checksum' }],
      differences.flatMap(({ one, difference: { id, held } }) => held.map(({ member, version, checksum }, i) => [
        i === 0 ? String(one.partition) : '', i === 0 ? id ?? '(replaced meanwhile)' : '', member, version ?? 'none', checksum ?? '',
      ])), colors));
  }
  const more = partitions.reduce((sum, one) => sum + Number(one.differing), 0) - differences.length;
  if (more > 0) parts.push(`And at least ${count(more)} more.`);
  const sentence = sentences[verdict] ?? verdict;
  parts.push(verdict === 'differ' ? `${colors.red(sentence)} Rebuild the wrong one: stop its indexer, delete its shards, start it again.` : sentence);
  return parts.join('\n\n');
}

function verdictText({ verdict }: VerifiedPartition, colors: ReturnType<typeof colorsOf>): string {
  return verdict === 'agree' ? colors.green(verdict) : verdict === 'differ' ? colors.red(verdict) : colors.yellow(verdict);
}

function offsetText(offset: bigint | null): string {
  return offset === null ? '' : count(offset);
}

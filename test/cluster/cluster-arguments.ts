/** The arguments of `npm run cluster`. */
import { parseArgs } from 'node:util';
import type { ClusterOptions } from './cluster.ts';

export const usage = [
  'usage: npm run cluster -- [options]',
  '  --brokers 1|3      brokers of Kafka; with 3 every record is kept three times (default: 1)',
  '  --gateways N       (default: 1)',
  '  --groups N         replica groups (default: 2)',
  '  --indexers N       of a replica group (default: 2)',
  '  --queries N        query services (default: 2)',
  '  --directory DIR    where data and logs are kept, for the next start, too (default: a temporary folder)',
].join('\n');

const text = { type: 'string' } as const;

/** @returns undefined if help is asked for. @throws Error that says which argument is wrong. */
export function parseArguments(args: readonly string[]): ClusterOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: { brokers: text, gateways: text, groups: text, indexers: text, queries: text, directory: text, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) return undefined;
  const count = (name: 'brokers' | 'gateways' | 'groups' | 'indexers' | 'queries', fallback: number): number => {
    const given = values[name] ?? String(fallback);
    if (!/^\d{1,2}$/.test(given)) throw new Error(`--${name} is a number, not ${given}`);
    return Number(given);
  };
  const brokers = count('brokers', 1);
  if (brokers !== 1 && brokers !== 3) throw new Error(`--brokers is 1 or 3, not ${brokers}`);
  return {
    brokers, gateways: count('gateways', 1), groups: count('groups', 2), indexersPerGroup: count('indexers', 2), queries: count('queries', 2),
    ...(values.directory !== undefined && { directory: values.directory }),
  };
}

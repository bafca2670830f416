/** Pages whose blocks are run, and what is asserted of each. */
import { strict as assert } from 'node:assert';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runPage, type Result } from './run-page.ts';

const root = join(import.meta.dirname, '../..');

/** The clients' have tests of their own, beside the clients. */
export const pages: readonly string[] = globSync(['README.md', 'docs/*.md'], { cwd: root }).sort();

/** Those that show Docker or Kubernetes: ../deploy/containers/pages.ts runs that. */
export const containerPages: readonly string[] = ['docs/deployment.md', 'docs/start.md'];

export const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');

/** Every block that is run holds. @returns what became of each */
export async function follow(page: string, withCluster = false): Promise<Result[]> {
  const results = await runPage(textOf(page), withCluster);
  for (const { block, outcome } of results) assert.ok(outcome.kind !== 'failed', `${page}, ${block}\n${outcome.kind === 'failed' ? outcome.why : ''}`);
  return results;
}

/** Dashboard and alerts ask for what the processes measure. That Prometheus understands every query shows compose.test.ts. */
import { strict as assert } from 'node:assert';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createMetrics } from '@proximadb/process';
import { root } from './compose-file.ts';
import { alerts, dashboard, exprsOf } from './prometheus-queries.ts';
import { missingForHelm } from './tools.ts';

/** Names as the sources declare them, and what is measured of every process. */
async function measured(): Promise<Set<string>> {
  const names = new Set<string>();
  for (const path of globSync('{packages,services}/*/src/**/*.ts', { cwd: root, exclude: ['**/*.test.ts'] })) {
    for (const [, kind, name = ''] of readFileSync(join(root, path), 'utf8').matchAll(/\.(gauge|counter|histogram)\(\s*'([a-z_0-9]+)'/g)) {
      names.add(`proximadb_${name}`);
      if (kind === 'histogram') for (const suffix of ['bucket', 'sum', 'count']) names.add(`proximadb_${name}_${suffix}`);
    }
  }
  assert.ok(names.size > 15, 'the sources were read');
  for (const [, name = ''] of (await createMetrics().text()).matchAll(/^([a-z_0-9]+)[ {]/gm)) names.add(name);
  return names;
}

describe('dashboard and alerts', { skip: missingForHelm() }, () => {
  test('name metrics that are measured', async () => {
    const known = await measured();
    const asked = new Set<string>();
    for (const { place, expr } of await exprsOf()) {
      for (const [name] of expr.matchAll(/\bproximadb_[a-z_0-9]+/g)) {
        asked.add(name);
        assert.ok(known.has(name), `${place} asks for ${name}`);
      }
    }
    assert.ok(asked.size > 15);
  });

  test('show what an operator looks for first', async () => {
    const titles = (await dashboard()).panels.map(({ title }) => title);
    for (const title of ['Writes', 'Answers of writes', 'Time to acknowledge', 'Time to search', 'Lag', 'Snapshots failing for', 'Hedges and retries',
      'Memory', 'Event loop lag']) assert.ok(titles.includes(title), title);
  });

  test('every alert says what it is and what to do', async () => {
    const rules = (await alerts()).groups.flatMap((group) => group.rules);
    assert.ok(rules.length >= 5);
    for (const rule of rules) {
      assert.match(rule.labels['severity'] ?? '', /^(warning|critical)$/, rule.alert);
      assert.ok((rule.annotations['summary'] ?? '').length > 10 && (rule.annotations['description'] ?? '').length > 10, rule.alert);
    }
  });
});

/** docs/operations.md leaves nothing out that an operator may meet. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const text = (path: string): string => readFileSync(join(root, path), 'utf8');
const page = text('docs/operations.md');

/** @param found what the page has to have. @param least that something was found at all. */
function allIn(found: readonly string[], least: number): void {
  assert.ok(found.length >= least, `${found.length} were found`);
  assert.deepEqual(found.filter((one) => !page.includes(one)), []);
}

test('every alert has its part', () => {
  allIn([...text('deploy/dashboards/alerts.yml').matchAll(/alert: (\w+)/g)].map(([, name = '']) => `### ${name}\n`), 7);
});

test('every finding of doctor is explained', () => {
  const source = text('services/query/src/diagnose.ts');
  // The words of a finding around what is filled in.
  const words = [...source.matchAll(/what: (?:\w+(?: > 0)? \? )?(['`])(.*?)\1(?: : '(.*?)')?/g)].flatMap(([, , first = '', second]) => [first, second ?? ''])
    .flatMap((sentence) => sentence.split(/\$\{[^}]*\}/)).map((part) => part.replace(/^[\s:,]+|[\s:,]+$/g, '')).filter((part) => part.length > 3);
  allIn(words, 10);
});

test('every alert of the chart is that of deploy/dashboards', () => {
  assert.equal(text('deploy/helm/proximadb/files/alerts.yml'), text('deploy/dashboards/alerts.yml'));
});

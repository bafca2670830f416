/** The runner of the pages on pages that are wrong: whatever a page may get wrong, it finds. */
import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { missingKubernetesProgram } from '../deploy/kubernetes/program.ts';
import { missingForHelm } from '../deploy/tools.ts';
import { needsContainers, runPage, type Outcome } from './run-page.ts';

const fenced = (language: string, text: string): string => `\`\`\`${language}\n${text}\n\`\`\`\n`;
const outcomes = async (...parts: readonly string[]): Promise<Outcome[]> => (await runPage(parts.join('\n'))).map(({ outcome }) => outcome);

async function holds(...parts: readonly string[]): Promise<void> {
  const results = await outcomes(...parts);
  assert.ok(results.length > 0 && results.every(({ kind }) => kind === 'held'), JSON.stringify(results));
}

/** Its last block fails, and says what `why` says. */
async function fails(why: RegExp, ...parts: readonly string[]): Promise<void> {
  const last = (await outcomes(...parts)).at(-1);
  assert.ok(last?.kind === 'failed', JSON.stringify(last));
  assert.match(last.why, why);
}

describe('blocks of a terminal', { concurrency: 2 }, () => {
  test('run in one folder and one shell', async () => {
    await holds(fenced('sh', 'name=world\necho hello > file'), 'then', fenced('sh', 'echo "$(cat file) $name"'), fenced('text', 'hello world'));
  });

  test('fail with a command that fails, wherever it stands, and end the page', async () => {
    const results = await outcomes(fenced('sh', 'false\necho after'), 'and', fenced('sh', 'echo never'));
    assert.deepEqual(results.map(({ kind }) => kind), ['failed']);
    await fails(/fails with code 127[^]*no-such-program/, fenced('sh', 'no-such-program | cat'));
    await fails(/fails with code 1/, fenced('sh', 'sleep 600 &\nfalse'));
  });

  test('that have to fail, fail if they do not', async () => {
    await holds('<!-- test: fails -->', fenced('sh', 'echo no >&2; false'), fenced('text', 'no'), 'and', fenced('sh', 'true'));
    await fails(/does not fail/, '<!-- test: fails -->', fenced('sh', 'true'));
  });

  test('are held against what the page shows', async () => {
    await fails(/the page shows\nb\nbut printed was\na/, fenced('sh', 'echo a'), fenced('text', 'b'));
    await fails(/printed was\na\nb/, fenced('sh', 'echo a; echo b'), fenced('text', 'a'));
    await fails(/printed was/, fenced('sh', 'echo a.c'), fenced('text', 'a\\.c'));
    await holds(fenced('sh', 'echo took 5 ms; echo x; echo y; echo end'), fenced('text', 'took … ms\n…\nend'));
    await fails(/printed was/, fenced('sh', 'echo took 5 s; echo end'), fenced('text', 'took … ms\n…\nend'));
  });

  test('need a server that runs, and ask it by the ports of the page', async () => {
    await fails(/fails with code 7/, fenced('sh', 'curl http://127.0.0.1:5678/v1/collections'));
    const ask = fenced('sh', 'curl http://127.0.0.1:5678/v1/collections');
    const start = [fenced('sh', '# a comment\nnpm start'), fenced('text', '…\nProximaDB starts; its data is in …\n…\n  REST   http://127.0.0.1:5678   …\n…')];
    await holds(...start, ask, fenced('json', '{"collections": []}'), '<!-- test: stop -->', 'again', ...start, 'and', ask);
    await fails(/no server runs/, '<!-- test: stop -->');
    await fails(/fails with code 22[^]*INVALID_ARGUMENT/, ...start, 'and', fenced('sh', 'curl http://127.0.0.1:5678/v1/collections --json \'{}\''));
    await fails(/it ended[^]*--no-such-option/, fenced('sh', 'npm start -- --no-such-option 1'));
  });
});

describe('blocks of programs and data', { concurrency: 2 }, () => {
  test('run, and are held against what the page shows', async () => {
    await holds(fenced('ts', 'const a: number = 1;\nconsole.log(a);'), fenced('text', '1'), 'and', fenced('python', 'print(2)'), fenced('text', '2'));
    await fails(/fails with code 1[^]*broken/, fenced('ts', 'throw new Error("broken");'));
    await fails(/SyntaxError/, fenced('python', 'print('));
    await fails(/printed was\n1/, fenced('ts', 'console.log(1);'), fenced('text', '2'));
  });

  test('are there under the name that the page gives them', async () => {
    await holds('<!-- test: file a.ts -->', fenced('ts', 'console.log("from a file");'), 'then', fenced('sh', 'node a.ts'), fenced('text', 'from a file'));
  });

  test('are the messages that the page says', async () => {
    await holds('<!-- test: schema SearchRequest -->', fenced('json', '{"vector": [1, 2], "k": 3}'));
    await holds('<!-- test: schema VectorRecord -->', fenced('json', '{"id": "a", "vector": [1]}'));
    await fails(/it is no SearchRequest: .*additional properties/, '<!-- test: schema SearchRequest -->', fenced('json', '{"vectors": [1, 2]}'));
    await fails(/the API has no Nothing/, '<!-- test: schema Nothing -->', fenced('json', '{}'));
    await fails(/its mark says what it is/, fenced('json', '{}'));
    await fails(/JSON/, '<!-- test: schema SearchRequest -->', fenced('json', '{'));
  });

  test('JSON that is printed is compared by value', async () => {
    const printed = fenced('sh', `echo '{"a": [1, {"b": "x"}], "t": "abc"}{"n": 2}'`);
    await holds(printed, fenced('json', '{"a": [1, {"b": "…"}], "t": "…"}\n{"n": 2}'));
    await holds(printed, fenced('json', '{"a": [1, "…"], "…": "…"}\n{"n": 2}'));
    await fails(/value 1\.a\[1\]\.b is "x", not "y"/, printed, fenced('json', '{"a": [1, {"b": "y"}], "t": "…"}\n{"n": 2}'));
    await fails(/value 1 has the field t/, printed, fenced('json', '{"a": [1, "…"]}\n{"n": 2}'));
    await fails(/value 1\.a has 2 items, not 1/, printed, fenced('json', '{"a": [1], "t": "…"}\n{"n": 2}'));
    await fails(/2 JSON values, printed were 1/, fenced('sh', 'echo 1'), fenced('json', '1\n2'));
    await fails(/JSON/, fenced('sh', 'echo no'), fenced('json', '"no"'));
  });

  test('diagrams are parsed', async () => {
    await holds(fenced('mermaid', 'flowchart LR\n  a["Client"] --> b[(Kafka)]'));
    await fails(/Parse error/, fenced('mermaid', 'flowchart LR\n  a -->'));
  });
});

describe('a page', () => {
  test('has no block of which nothing is known', async () => {
    await fails(/nothing is known about blocks of no language/, fenced('', 'ls'));
    await fails(/nothing is known about blocks of ruby/, fenced('ruby', 'puts 1'));
  });

  test('keeps values of the chart for later blocks', { skip: missingForHelm() }, async () => {
    const least = 'kafka: { brokers: ["kafka:9092"] }\nregistry: { url: "http://registry" }\nredis: { url: "redis://redis" }\nblobs: { url: "s3://blobs" }';
    await holds('<!-- test: values my.yaml -->', fenced('yaml', least), 'and', fenced('sh', 'grep --count : my.yaml'), fenced('text', '4'));
    await fails(/registrar/, '<!-- test: values my.yaml -->', fenced('yaml', least.replace('registry', 'registrar')));
  });

  test('holds rules against the adapter that reads them', { skip: missingKubernetesProgram() }, async () => {
    const rules = (series: string, query: string): string =>
      `rules:\n  - seriesQuery: '${series}{pod!=""}'\n    resources: { template: "<<.Resource>>" }\n    metricsQuery: '${query}'`;
    const mark = '<!-- test: adapter rules proximadb_lag_records -->';
    const query = 'max(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)';
    await holds(mark, fenced('yaml', rules('proximadb_lag_records', query)));
    await fails(/not about proximadb_lag_records/, mark, fenced('yaml', rules('proximadb_lag', query)));
    await fails(/not about proximadb_lag_records/, mark, fenced('yaml', rules('proximadb_lag_records', 'max(<<.Series>>)')));
    await fails(/adapter-rules/, mark, fenced('yaml', rules('proximadb_lag_records', query).replace('metricsQuery', 'query')));
    const other = '<!-- test: adapter rules proximadb_no_such -->';
    await fails(/indexers have no gauge proximadb_no_such/, other, fenced('yaml', rules('proximadb_no_such', query)));
  });

  test('leaves blocks of containers to the tests that have some', async () => {
    for (const text of ['docker compose up', 'docker build .', '# a comment\nkubectl get pods', 'helm list']) {
      assert.deepEqual(await outcomes(fenced('sh', text)), [{ kind: 'not run', reason: needsContainers }], text);
    }
    await holds(fenced('sh', 'echo docker compose up'), fenced('text', 'docker compose up'));
  });

  test('says with a reason what is not run', async () => {
    const [outcome] = await outcomes('<!-- test: not run: it takes hours -->', fenced('sh', 'npm run soak'));
    assert.deepEqual(outcome, { kind: 'not run', reason: 'it takes hours' });
    await fails(/package.json has no script nothing/, '<!-- test: not run: it takes hours -->', fenced('sh', 'npm run nothing'));
    await fails(/syntax error/, '<!-- test: not run: it takes hours -->', fenced('sh', 'if then'));
    await assert.rejects(runPage(`<!-- test: not run: no -->\n${fenced('sh', 'true')}`), /line 1: no such mark/);
  });

  test('has no mark or fence that would be overlooked', async () => {
    await assert.rejects(runPage('<!-- test: fails -->\nwords'), /line 1: a block has to follow/);
    await assert.rejects(runPage('<!-- test: fails -->'), /line 1: a block has to follow/);
    await assert.rejects(runPage('<!--test: fails-->'), /stands alone on its line/);
    await assert.rejects(runPage('- item\n  ```sh\n  false\n  ```'), /line 2: fences are/);
    await assert.rejects(runPage('~~~\nfalse\n~~~'), /line 1: fences are/);
    await assert.rejects(runPage('```sh\nfalse'), /line 1: the block does not end/);
  });
});

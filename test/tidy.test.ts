/** The house style as a test: what no type checker and no linter sees of the repository as a whole. */
import { strict as assert } from 'node:assert';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { describe, test } from 'node:test';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');
const left = new Set([
  'node_modules', '.git', 'dist', 'build', 'data', '.demo', 'coverage', 'results', '.venv', '__pycache__', '.mypy_cache', '.pytest_cache', '.ruff_cache',
]);

function walk(folder: string): { files: string[]; folders: string[] } {
  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (left.has(entry.name)) continue;
    if (entry.isFile()) files.push(path);
    if (!entry.isDirectory()) continue;
    const below = walk(path);
    folders.push(path, ...below.folders);
    files.push(...below.files);
  }
  return { files, folders };
}

const { files, folders } = walk('.');
const text = (path: string): string => readFileSync(join(root, path), 'utf8');
/** Ours, written by hand. */
const sources = files.filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts') && !path.startsWith('schemas/gen/'));
const parsed = new Map(sources.map((path) => [path, ts.createSourceFile(path, text(path), ts.ScriptTarget.Latest, true)]));
/** What is never part of a running server: tests and their parts, benchmarks, scripts, generators. */
const isTool = (path: string): boolean => /(^|\/)(test|bench|scripts|testing|generator)\//.test(path) || /\.(test|bench|fixture)\.ts$/.test(path)
  || /(^|\/)(kernels\/build|contract|scratch-[\w-]+|testing)\.ts$/.test(path);

function nodes(path: string): ts.Node[] {
  const found: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    found.push(node);
    node.forEachChild(visit);
  };
  const file = parsed.get(path);
  assert.ok(file !== undefined);
  visit(file);
  return found;
}

const place = (node: ts.Node): string => {
  const file = node.getSourceFile();
  return `${file.fileName}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
};

/** @param found what breaks a rule, each with its place. */
function none(found: readonly string[], rule: string): void {
  assert.deepEqual([...found], [], rule);
}

interface Import {
  readonly from: string;
  readonly node: ts.Node;
  readonly typeOnly: boolean;
}

function importsOf(path: string): Import[] {
  return nodes(path).flatMap((node): Import[] => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)) {
      const typeOnly = ts.isImportDeclaration(node) ? node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword : node.isTypeOnly;
      return [{ from: node.moduleSpecifier.text, node, typeOnly }];
    }
    const [argument] = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword ? node.arguments : [];
    return argument !== undefined && ts.isStringLiteral(argument) ? [{ from: argument.text, node, typeOnly: false }] : [];
  });
}

test('there are files to look at', () => {
  assert.ok(sources.length > 150 && sources.includes('test/tidy.test.ts'), `${sources.length} files`);
});

describe('layout', () => {
  test('no folder is a drawer for whatever fits nowhere', () => {
    none(folders.filter((path) => /^(common|utils?|shared|helpers?|misc|lib)$/.test(basename(path))), 'a folder is named by what it holds');
  });

  test('every service says what it owns, and what not', () => {
    const services = folders.filter((path) => /^services\/[^/]+$/.test(path));
    assert.ok(services.length >= 4);
    for (const service of services) {
      assert.ok(files.includes(`${service}/README.md`), `${service} has a README.md`);
      assert.match(text(`${service}/README.md`), /\bOwns\b/, `${service}/README.md says what it owns`);
    }
  });

  test('a main.ts is a short sequence', () => {
    none(sources.filter((path) => basename(path) === 'main.ts' && text(path).split('\n').length > 60), 'at most 60 lines');
  });

  test('a file of more than 500 lines says at its top why', () => {
    const long = sources.filter((path) => {
      const lines = text(path).split('\n');
      const code = lines.filter((line) => line.trim() !== '' && !/^\s*(\/\/|\*|\/\*)/.test(line));
      return code.length > 500 && !/long because/i.test(lines.slice(0, 15).join('\n'));
    });
    none(long, '"Long because …" stands in the comment at the top');
  });
});

describe('direction', () => {
  /** What a part may import of the others. A part that is not here may import nothing. */
  const allowed: Readonly<Record<string, readonly string[]>> = {
    schemas: [],
    errors: ['schemas'],
    process: ['schemas', 'errors'],
    log: ['schemas', 'errors'],
    record: ['schemas', 'errors'],
    blobs: ['schemas', 'errors'],
    coordination: ['schemas', 'errors', 'process'],
    catalog: ['schemas', 'errors', 'log', 'record'],
    segment: ['schemas', 'errors', 'record'],
    transport: ['schemas', 'errors', 'process', 'record'],
    typescript: ['schemas', 'errors', 'record', 'transport'],
    gateway: ['schemas', 'errors', 'process', 'log', 'record', 'catalog'],
    query: ['schemas', 'errors', 'process', 'log', 'record', 'catalog', 'coordination', 'segment', 'gateway'],
    indexer: ['schemas', 'errors', 'process', 'log', 'record', 'blobs', 'catalog', 'coordination', 'segment', 'gateway', 'query'],
    standalone: ['schemas', 'errors', 'process', 'log', 'record', 'catalog', 'coordination', 'segment', 'gateway', 'query', 'indexer', 'transport'],
    cluster: ['schemas', 'errors', 'process', 'log', 'record', 'blobs', 'catalog', 'coordination', 'segment', 'gateway', 'query', 'indexer', 'transport'],
    cli: ['schemas', 'errors', 'process', 'log', 'record', 'catalog', 'segment', 'transport', 'standalone', 'cluster', 'typescript'],
  };
  /** Ports belong to their consumers, and their types are all that who implements them needs. */
  const typesOnly: Readonly<Record<string, readonly string[]>> = { indexer: ['gateway', 'query'], query: ['gateway'] };
  const partOf = (path: string): string | undefined => /^(?:packages|services)\/([^/]+)\//.exec(path)?.[1]
    ?? /^(?:clients\/)?(schemas|cli|typescript)\//.exec(path)?.[1];

  test('parts import in one direction', () => {
    none(sources.filter((path) => !isTool(path)).flatMap((path) => {
      const part = partOf(path);
      if (part === undefined) return [];
      return importsOf(path).flatMap(({ from, node }) => {
        const target = /^proximadb(\/|$)/.test(from) ? 'typescript' : /^@proximadb\/([^/]+)/.exec(from)?.[1];
        return target === undefined || (allowed[part] ?? []).includes(target) ? [] : [`${place(node)}: ${part} imports ${target}`];
      });
    }), 'the table above says who may import whom');
  });

  test('every part has a row in the table', () => {
    const parts = new Set(sources.flatMap((path) => partOf(path) ?? []));
    assert.deepEqual([...parts].sort(), Object.keys(allowed).sort());
  });

  test('who implements a port imports its types, and nothing that runs', () => {
    none(sources.filter((path) => !isTool(path)).flatMap((path) => importsOf(path).flatMap(({ from, node, typeOnly }) => {
      const target = /^@proximadb\/([^/]+)/.exec(from)?.[1] ?? '';
      return typeOnly || !(typesOnly[partOf(path) ?? ''] ?? []).includes(target) ? [] : [`${place(node)}: imports ${from}`];
    })), 'import type');
  });

  test('nobody reaches into another package by a path', () => {
    const packageOf = (path: string): string => /^((?:packages|services)\/[^/]+|[^/]+)/.exec(path)?.[0] ?? '';
    // The scripts are the whole repository's.
    none(sources.filter((path) => !path.startsWith('scripts/')).flatMap((path) => importsOf(path).flatMap(({ from, node }) => {
      if (!from.startsWith('.')) return [];
      const target = relative(root, join(root, dirname(path), from));
      return packageOf(target) === packageOf(path) ? [] : [`${place(node)}: ${from}`];
    })), 'packages are imported by their names');
  });
});

describe('threads', () => {
  const packages = files.filter((path) => basename(path) === 'package.json').map((path) => (
    { folder: dirname(path), ...JSON.parse(text(path)) as { readonly name: string; readonly exports?: Readonly<Record<string, unknown>> } }));
  /** Files by what they are imported as. */
  const exported = new Map(packages.flatMap(({ folder, name, exports = {} }) =>
    Object.entries(exports).map(([subpath, file]) => [join(name, subpath), join(folder, String(file))])));

  /** What is taken of a file. `*`: all of it. */
  interface Use {
    /** Of others' packages, their names. */
    readonly path: string;
    readonly name: string;
  }

  interface Taken extends Use {
    /** What it is passed on as; `*`: as what it is. Undefined: it is used here. */
    readonly as: string | undefined;
  }

  const takenBy = new Map<string, readonly Taken[]>();
  /** At run time: types are taken of nobody. */
  function takenOf(path: string): readonly Taken[] {
    const taken = takenBy.get(path) ?? (!parsed.has(path) ? [] : importsOf(path).filter(({ typeOnly }) => !typeOnly).flatMap(({ from, node }) => {
      const target = from.startsWith('.') ? join(dirname(path), from) : exported.get(from) ?? from;
      const clause = ts.isExportDeclaration(node) ? node.exportClause : ts.isImportDeclaration(node) ? node.importClause?.namedBindings : undefined;
      const isWhole = clause === undefined || ts.isNamespaceImport(clause) || ts.isNamespaceExport(clause);
      if (isWhole) return [{ path: target, name: '*', as: ts.isExportDeclaration(node) ? '*' : undefined }];
      return clause.elements.filter(({ isTypeOnly }) => !isTypeOnly).map(({ name, propertyName }) =>
        ({ path: target, name: (propertyName ?? name).text, as: ts.isExportDeclaration(node) ? name.text : undefined }));
    }));
    takenBy.set(path, taken);
    return taken;
  }

  /** What is passed on is looked for where it comes from: an index runs nothing of what it names. */
  function usesOf({ path, name }: Use): readonly Use[] {
    const taken = takenOf(path);
    const passedOn = taken.filter(({ as }) => as !== undefined && as === name && name !== '*');
    if (passedOn.length > 0) return passedOn;
    return taken.filter(({ as }) => as === undefined || as === '*' || name === '*').map((one) => (one.as === '*' ? { path: one.path, name } : one));
  }

  /** How some files come to a package, by imports of imports; undefined if they do not. What a thread runs is imported by nobody. */
  function wayTo(wanted: string, entries: readonly string[]): string | undefined {
    const seen = new Set<string>();
    const waiting = entries.map((path) => ({ path, name: '*', way: path }));
    for (let use = waiting.shift(); use !== undefined; use = waiting.shift()) {
      if (use.path === wanted) return use.way;
      const key = `${use.path} ${use.name}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const { way } = use;
      waiting.push(...usesOf(use).map(({ path, name }) => ({ path, name, way: `${way} → ${path}` })));
    }
    return undefined;
  }

  const running = sources.filter((path) => !isTool(path));
  const indexer = 'services/indexer/src';
  const threads = ['build-thread', 'build-work', 'shard-thread', 'snapshot-thread', 'snapshot-work'].map((name) => `${indexer}/threads/${name}.ts`);

  test('one file calls USearch', () => {
    assert.deepEqual(running.filter((path) => importsOf(path).some(({ from }) => from === 'usearch')), ['packages/segment/src/sealed/graph.ts']);
  });

  test('what answers calls does not come to USearch, whose calls are synchronous: only threads do', () => {
    const serving = [
      'packages/process/', 'packages/transport/', 'services/cluster/', 'services/gateway/', 'services/query/', 'services/standalone/',
      `${indexer}/transport/`, `${indexer}/threads/`, 'cli/src/start.ts',
    ].map((place) => running.filter((path) => path.startsWith(place) && !threads.includes(path)));
    assert.ok(serving.every((entries) => entries.length > 0));
    assert.equal(wayTo('usearch', serving.flat()), undefined);
    none(threads.filter((path) => wayTo('usearch', [path]) === undefined), 'this test sees how they do');
  });
});

describe('code', () => {
  test('only what starts a process knows of it', () => {
    none(sources.filter((path) => basename(path) !== 'main.ts' && !isTool(path)).flatMap((path) => nodes(path).flatMap((node) => {
      if (ts.isImportDeclaration(node) && /^'(node:)?process'$/.test(node.moduleSpecifier.getText())) return [place(node)];
      if (!ts.isIdentifier(node) || node.text !== 'process' || !ts.isPropertyAccessExpression(node.parent)) return [];
      return node.parent.expression === node ? [place(node)] : [];
    })), 'main.ts passes on what is needed of it');
  });

  test('nothing is anything', () => {
    none(sources.flatMap((path) => nodes(path).flatMap((node) => ((ts.isAsExpression(node) || ts.isTypeAssertionExpression(node))
      && node.type.kind === ts.SyntaxKind.AnyKeyword ? [place(node)] : []))), 'no cast to any');
  });

  test('nothing is put off by a note in the code', () => {
    // Written apart, so that this file does not find itself.
    const notes = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`);
    const written = files.filter((path) => /\.(ts|mjs|js|md|avsc|ya?ml|json)$/.test(path) && !path.startsWith('schemas/gen/') && path !== 'pnpm-lock.yaml');
    none(written.flatMap((path) => text(path).split('\n').flatMap((line, i) => (notes.test(line) ? [`${path}:${i + 1}`] : []))), 'do it, or write an issue');
  });

  test('no enum, namespace or parameter property: the code runs as it is written', () => {
    none(sources.flatMap((path) => nodes(path).flatMap((node) => {
      const isNamespace = ts.isModuleDeclaration(node) && (node.flags & ts.NodeFlags.GlobalAugmentation) === 0;
      return ts.isEnumDeclaration(node) || isNamespace || ts.isParameterPropertyDeclaration(node, node.parent) ? [place(node)] : [];
    })).filter((found) => !found.startsWith('packages/segment/src/kernels/assembly/')), 'type stripping leaves them as they are');
  });
});

describe('tests', () => {
  const testFiles = sources.filter((path) => path.endsWith('.test.ts'));
  const testParts = sources.filter((path) => isTool(path));
  const isTest = (node: ts.Node): node is ts.CallExpression =>
    ts.isCallExpression(node) && ts.isIdentifier(node.expression) && ['test', 'it'].includes(node.expression.text);
  /** `execFileSync` throws if what it runs fails. */
  const asserts = (code: string): boolean => /\bassert\b|\.rejects\(|\.throws\(|\bexecFileSync\b/.test(code);
  const namesCalled = (code: string): string[] => [...code.matchAll(/([\p{L}\w$]+)\(/gu)].map(([, name]) => name ?? '');

  /** Functions of tests and their parts in which something is asserted, or that call one. */
  function assertingFunctions(): Set<string> {
    const bodies = new Map<string, string>();
    for (const path of testParts) {
      for (const node of nodes(path)) {
        if (!ts.isFunctionDeclaration(node) && !ts.isMethodDeclaration(node) && !ts.isVariableDeclaration(node)) continue;
        const name = node.name?.getText() ?? '';
        bodies.set(name, `${bodies.get(name) ?? ''}\n${node.getText()}`);
      }
    }
    const asserting = new Set([...bodies].filter(([, body]) => asserts(body)).map(([name]) => name));
    for (let size = -1; size !== asserting.size;) {
      size = asserting.size;
      for (const [name, body] of bodies) if (namesCalled(body).some((called) => asserting.has(called))) asserting.add(name);
    }
    return asserting;
  }

  test('every test can fail', () => {
    const asserting = assertingFunctions();
    const without = testFiles.flatMap((path) => nodes(path).filter(isTest).flatMap((node) => {
      const code = node.getText();
      return asserts(code) || namesCalled(code).some((name) => name !== 'test' && asserting.has(name)) ? [] : [place(node)];
    }));
    none(without, 'something is asserted in it, or in a function that it calls');
  });

  /** `test.only`, `{ skip: true }`, `context.skip()`: a reason is a text. */
  function leavesOut(node: ts.Node): boolean {
    const which = /^(only|skip|todo)$/;
    if (ts.isPropertyAccessExpression(node) && /^(test|it|describe|suite)$/.test(node.expression.getText())) return which.test(node.name.text);
    if (ts.isPropertyAssignment(node)) return which.test(node.name.getText()) && node.initializer.kind === ts.SyntaxKind.TrueKeyword;
    return ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && which.test(node.expression.name.text) && node.arguments.length === 0;
  }

  test('none is left out, or alone, without a reason', () => {
    none(testFiles.flatMap((path) => nodes(path).filter(leavesOut).map(place)), 'CI never leaves a test out');
  });

  test('a test stands beside what it tests, or under test/', () => {
    const places = /^((schemas|cli|packages\/[^/]+|services\/[^/]+|clients\/typescript)\/src|test|bench)\//;
    none(testFiles.filter((path) => !places.test(path)), 'where test/run.ts looks for it');
  });
});

describe('documents', () => {
  const documents = files.filter((path) => path.endsWith('.md'));

  test('those that a newcomer begins with are there', () => {
    const wanted = ['README.md', 'ARCHITECTURE.md', 'docs/api.md', 'docs/configuration.md', 'docs/performance.md', 'docs/adr'];
    none(wanted.filter((path) => !existsSync(join(root, path))), 'missing');
  });

  /** `[text](target)`, not in code. */
  const linksOf = (path: string): string[] =>
    [...text(path).replace(/```[^]*?```/g, '').replace(/`[^`\n]*`/g, 'code').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '');
  /** As the web sites that show Markdown make them of headings. */
  const anchorsOf = (path: string): Set<string> => new Set([...text(path).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading.toLowerCase().replace(/[`*]/g, '').replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/\s/g, '-')));

  test('links lead to what is there', () => {
    none(documents.flatMap((path) => linksOf(path).flatMap((link) => {
      if (/^[a-z]+:/.test(link)) return [];
      const [file = '', anchor] = decodeURIComponent(link).split('#');
      const target = file === '' ? path : relative(root, join(root, dirname(path), file));
      if (!existsSync(join(root, target))) return [`${path}: ${link}`];
      return anchor === undefined || !target.endsWith('.md') || anchorsOf(target).has(anchor) ? [] : [`${path}: ${link} (no such heading)`];
    })), 'broken links');
  });

  test('ARCHITECTURE.md links to files of the code', () => {
    const linked = linksOf('ARCHITECTURE.md').filter((link) => link.replace(/#.*/, '').endsWith('.ts'));
    assert.ok(linked.length >= 6, 'the six steps of a vector, each with its file');
  });
});

describe('dependencies', () => {
  test('the lock file names no addresses', () => {
    const address = /https?:|tarball:|registry\s*[:=]/;
    none(text('pnpm-lock.yaml').split('\n').flatMap((line, i) => (address.test(line) ? [`pnpm-lock.yaml:${i + 1}: ${line}`] : [])), 'integrity is enough');
  });

  test('no file names a folder of the machine that it was written on', () => {
    const homes = new RegExp(`(^|[\\s"'\`(=])/(${['ro' + 'ot', 'ho' + 'me', 'Use' + 'rs'].join('|')})/\\w`);
    const written = files.filter((path) => /\.(ts|mjs|js|md|avsc|ya?ml|json|proto)$/.test(path));
    none(written.flatMap((path) => text(path).split('\n').flatMap((line, i) => (homes.test(line) ? [`${path}:${i + 1}`] : []))), 'paths are relative');
  });

  test('every package is private, of one version, and a module', () => {
    const packages = files.filter((path) => basename(path) === 'package.json')
      .map((path) => ({ path, ...JSON.parse(text(path)) as { private?: boolean; type?: string; version?: string } }));
    assert.ok(packages.length > 12);
    none(packages.filter(({ private: hidden, type }) => hidden !== true || type !== 'module').map(({ path }) => path), '"private": true, "type": "module"');
    assert.equal(new Set(packages.map(({ version }) => version)).size, 1, 'one version');
  });
});

/** Node runs TypeScript without a look at its types: that those of the pages hold is checked here. */
import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { stepsOf } from './page.ts';
import { pages, textOf } from './pages.ts';

const root = join(import.meta.dirname, '../..');

/** By their paths, as if each page had a folder of its own in the repository: what blocks import is found from there. */
function sources(): Map<string, string> {
  const found = new Map<string, string>();
  for (const page of pages) {
    const folder = join(root, '.pages', page);
    for (const step of stepsOf(textOf(page))) {
      if (step.kind === 'stop') continue;
      const { language, mark, text, line } = step.block;
      if (language === 'ts' || language === 'js') found.set(join(folder, mark?.kind === 'file' ? mark.name : `line-${line}.${language}`), text);
    }
  }
  return found;
}

test('TypeScript in the pages has the types that it says', () => {
  const virtual = sources();
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
    moduleDetection: ts.ModuleDetectionKind.Force, lib: ['lib.esnext.d.ts'], types: ['node'], typeRoots: [join(root, 'node_modules/@types')],
    strict: true, noEmit: true, skipLibCheck: true, allowImportingTsExtensions: true, allowJs: true, checkJs: false,
  };
  const host = ts.createCompilerHost(options);
  host.fileExists = (path) => virtual.has(path) || ts.sys.fileExists(path);
  host.readFile = (path) => virtual.get(path) ?? ts.sys.readFile(path);
  host.directoryExists = (path) => [...virtual.keys()].some((file) => file.startsWith(`${path}/`)) || ts.sys.directoryExists(path);
  host.getSourceFile = (path, language) => {
    const text = host.readFile(path);
    return text === undefined ? undefined : ts.createSourceFile(path, text, language);
  };
  const typed = [...virtual.keys()].filter((path) => path.endsWith('.ts'));
  assert.ok(typed.length >= 3, typed.join());
  const program = ts.createProgram(typed, options, host);
  const wrong = ts.getPreEmitDiagnostics(program).filter(({ file }) => file !== undefined && virtual.has(file.fileName));
  assert.deepEqual(wrong.map(({ file, messageText }) => `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`), []);
});

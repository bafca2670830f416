/** The package as it is published: JavaScript and declarations, with the packages of this repository bundled in, and a package.json of its own. */
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'tsdown';

const root = join(import.meta.dirname, '..');
const tsconfig = join(root, '../../tsconfig.json');

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: object;
  readonly [field: string]: unknown;
}

/** What others import; the rest of `exports` is for this repository. */
const entries: Readonly<Record<string, string>> = { '.': 'index', './rest': 'rest', './langchain': 'langchain' };

/** @param folder is emptied first; afterwards `pnpm pack` or `pnpm publish` in it makes the tarball. */
export async function buildPackage(folder: string): Promise<void> {
  await build({
    cwd: root, config: false, outDir: folder, clean: true, format: 'esm', platform: 'neutral', target: 'es2022', fixedExtension: false,
    entry: Object.values(entries).map((name) => `src/${name}.ts`), tsconfig, dts: { tsconfig, tsc: { eager: true } }, logLevel: 'error',
    deps: { alwaysBundle: [/^@proximadb\//, /^@bufbuild\//], neverBundle: [/^node:/, /^avsc$/, /^@grpc\//, /^@langchain\//], onlyBundle: false },
  });
  withoutBareImports(folder);
  const { name, version, description, license, type, sideEffects, engines, keywords, dependencies, peerDependencies, peerDependenciesMeta } =
    JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
  const manifest = {
    name, version, description, license, keywords, type, sideEffects, engines,
    exports: Object.fromEntries(Object.entries(entries).map(([path, file]) => [path, { types: `./${file}.d.ts`, default: `./${file}.js` }])),
    dependencies: Object.fromEntries(Object.entries(dependencies).filter(([dependency]) => !dependency.startsWith('@proximadb/'))),
    peerDependencies, peerDependenciesMeta,
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  copyFileSync(join(root, 'README.md'), join(folder, 'README.md'));
}

/** A declaration that imports a module for nothing makes its user install it. */
function withoutBareImports(folder: string): void {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.d.ts'))) {
    const path = join(folder, file);
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^import "[^"]+";\n/gm, ''));
  }
}

/** Diagrams, by Mermaid's own parser, which is fetched from npm once a machine: with all that it draws with, it is larger than the rest of the repository. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { provision } from '../cluster/cache.ts';
import { runProgram } from '../cluster/run-program.ts';

const version = '11.17.2';

interface Mermaid {
  parse(text: string): Promise<unknown>;
}

/** Labels are cleaned for a browser, which is not here: they are parsed as they stand. */
const entry = `
import DOMPurify from 'dompurify';
Object.assign(DOMPurify, { addHook: () => undefined, sanitize: (text) => text });
export const { default: mermaid } = await import('mermaid');
`;

let loaded: Promise<Mermaid> | undefined;

async function load(): Promise<Mermaid> {
  const folder = await provision(`mermaid-${version}`, async (draft) => {
    await writeFile(join(draft, 'package.json'), '{"private": true, "type": "module"}\n');
    await runProgram('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', `mermaid@${version}`], { cwd: draft });
    await writeFile(join(draft, 'entry.js'), entry);
  });
  const { mermaid } = await import(pathToFileURL(join(folder, 'entry.js')).href) as { mermaid: Mermaid };
  return mermaid;
}

/** @throws Error with the parser's words. */
export async function checkDiagram(text: string): Promise<void> {
  await (await (loaded ??= load())).parse(text);
}

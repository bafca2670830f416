/** A part that is one process with a folder of its own. */
import { join } from 'node:path';
import { Child, type ChildSpec, type Stoppable } from './child.ts';
import { openFolder, type Folder } from './folder.ts';

export interface PartOptions {
  /** Kept, and found again by the next one that is started on it. @default a temporary folder */
  readonly directory?: string;
}

/** @param name of the part, in lower case. @param more what a caller has to know of it besides. @throws Error with the tail of its log. */
export async function startAlone<T extends object>(
  name: string, options: PartOptions, specOf: (folder: Folder) => Omit<ChildSpec, 'name' | 'folder' | 'logFile'>, more: T,
): Promise<Stoppable & T> {
  const folder = openFolder(name, options.directory);
  try {
    const child = await Child.start({ name, folder, logFile: join(folder.path, `${name}.log`), ...specOf(folder) });
    const end = child[Symbol.asyncDispose].bind(child);
    return Object.assign(child, more, {
      async [Symbol.asyncDispose]() {
        await end();
        await folder[Symbol.asyncDispose]();
      },
    });
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

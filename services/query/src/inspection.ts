/** The operations that look after an installation. No transport. */
import type { Catalog } from '@proximadb/catalog';
import type { CallContext } from '@proximadb/process';
import type { Operations } from '@proximadb/schemas';
import { queryDefaults, type QueryConfig } from './config.ts';
import { diagnose, type DiagnoseDependencies } from './diagnose.ts';
import { verify } from './verify.ts';

export type InspectionDependencies = Omit<DiagnoseDependencies, 'catalog' | 'config'> & {
  readonly catalog: Pick<Catalog, 'list' | 'lookUp' | 'schemas' | 'reindexing' | 'byLog'>;
};

export type Inspection = {
  readonly [Name in 'verify' | 'diagnose']: (request: Operations[Name]['request'], context: CallContext) => Promise<Operations[Name]['response']>;
};

/** @param config what is left out has its default. */
export function createInspection(config: Partial<QueryConfig>, dependencies: InspectionDependencies): Inspection {
  const complete = { ...dependencies, config: { ...queryDefaults, ...config } };
  return {
    verify: (request, context) => verify(request, context, complete),
    diagnose: (_request, context) => diagnose(context, complete),
  };
}

import type { CallContext } from '@proximadb/process';
import type { OperationName, Operations } from '@proximadb/schemas';

export type { CallContext } from '@proximadb/process';

/**
 * The API without a transport: what gRPC and REST both call; streams are answered by it, message by message.
 * A handler throws AppError for what the caller, a retry or an operator has to deal with.
 */
export type Handlers = {
  readonly [O in OperationName]: (request: Operations[O]['request'], context: CallContext) => Promise<Operations[O]['response']>;
};

/** A request or an answer, whichever its method's. */
export type AnyMessage = Operations[OperationName]['request'] | Operations[OperationName]['response'];

/** The handler of an operation for a caller that has its request from the table of methods, and so of the right type. */
export function handlerOf(handlers: Handlers, operation: OperationName): (request: object, context: CallContext) => Promise<AnyMessage> {
  const handler = handlers[operation] as (request: object, context: CallContext) => Promise<AnyMessage>;
  return (request, context) => handler.call(handlers, request, context);
}

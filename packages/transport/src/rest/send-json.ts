import type { FastifyReply } from 'fastify';

/** Ends with a line break: in a terminal each answer has lines of its own. */
export function sendJson(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(`${text}\n`);
}

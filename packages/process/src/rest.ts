import { z } from 'zod';

/** What can be set of the REST API, wherever it is served. */
export const restConfig = z.strictObject({
  corsOrigins: z.array(z.string().regex(/^(\*|[a-z][a-z0-9+.-]*:\/\/[^/\s]+)$/, 'an origin has a scheme, a host, and no path: https://app.example')).default([])
    .describe('Origins whose pages in a browser may ask this server: https://app.example, or * for all.'),
}).prefault({});

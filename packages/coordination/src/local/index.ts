export { LocalCoordination } from './local-coordination.ts';

import { coordinationContract } from '../contract.ts';
import { LocalCoordination } from './index.ts';

coordinationContract('in process', { open: async (self) => new LocalCoordination(self), several: false });

import { startServer } from '../server.ts';
import { apiTable } from './table.ts';

apiTable(async () => {
  const server = await startServer({}, { attemptsMax: 1 });
  return { ...server, settle: (collection) => server.standalone.settle(collection) };
});

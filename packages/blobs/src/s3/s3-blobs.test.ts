import { missing, sharedMinio } from '@proximadb/test-cluster';
import { blobContract } from '../contract.ts';
import { S3Blobs } from './index.ts';

blobContract('S3', async () => {
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = await sharedMinio();
  return new S3Blobs({ endpoint, region, bucket, prefix: 'tests/of-blobs', credentials: { accessKeyId, secretAccessKey } });
}, { skip: missing('minio') });

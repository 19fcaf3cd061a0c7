/** Configurations that this server has in one form only: clients ask for them to show them, and get what is so. */
import { type ErrorCode, S3Error } from '../errors.ts';
import type { Operation } from '../operation.ts';
import { xmlReply } from '../reply.ts';
import type { BucketCall } from '../service.ts';
import { leaf, type Xml, xmlDocument } from '../xml/writer.ts';

interface FixedRow {
  readonly query: string;
  readonly name: string;
  readonly root: string;
  readonly content: readonly Xml[];
}

const fixed: readonly FixedRow[] = [
  { query: 'logging', name: 'BucketLogging', root: 'BucketLoggingStatus', content: [] },
  {
    query: 'notification',
    name: 'BucketNotification',
    root: 'NotificationConfiguration',
    content: [],
  },
  {
    query: 'requestPayment',
    name: 'BucketRequestPayment',
    root: 'RequestPaymentConfiguration',
    content: [leaf('Payer', 'BucketOwner')],
  },
  {
    query: 'accelerate',
    name: 'AccelerateConfiguration',
    root: 'AccelerateConfiguration',
    content: [],
  },
];

const absent: readonly (readonly [query: string, name: string, code: ErrorCode])[] = [
  ['website', 'BucketWebsite', 'NoSuchWebsiteConfiguration'],
  ['replication', 'ReplicationConfiguration', 'ReplicationConfigurationNotFoundError'],
];

export const fixedOperations: readonly Operation[] = [
  ...fixed.map(
    ({ query, name, root, content }): Operation => ({
      ...{ name: `Get${name}`, method: 'GET', on: 'bucket', query: [query] },
      action: `s3:Get${name}`,
      run: async () => xmlReply(xmlDocument(root, content)),
    }),
  ),
  ...absent.map(
    ([query, name, code]): Operation => ({
      ...{ name: `Get${name}`, method: 'GET', on: 'bucket', query: [query] },
      action: `s3:Get${name}`,
      run: async ({ bucket }: BucketCall) => {
        throw new S3Error(code, undefined, { BucketName: bucket.name });
      },
    }),
  ),
];

/**
 * Configurations that this server has in one form only. Clients that ask for them are told what is so; who sets what
 * is so already, or takes away what is not there, has succeeded; who wants another is told that it is not to be had.
 */
import { type ErrorCode, S3Error } from '../errors.ts';
import type { Operation } from '../operation.ts';
import { NO_CONTENT, OK, xmlReply } from '../reply.ts';
import { type BucketCall, documentOf } from '../service.ts';
import { readXml, textIn, type XmlElement } from '../xml/reader.ts';
import { leaf, type Xml, xmlDocument } from '../xml/writer.ts';
import { lookupTarget } from './versions.ts';

interface FixedRow {
  readonly query: string;
  /** Behind Get and Put. */
  readonly name: string;
  readonly root: string;
  readonly content: readonly Xml[];
  /** Whether a configuration is the one that there is. @throws S3Error MalformedXML */
  isSo(root: XmlElement): boolean;
  /** To who wants another. */
  readonly refusal: string;
}

const fixed: readonly FixedRow[] = [
  {
    ...{ query: 'logging', name: 'BucketLogging', root: 'BucketLoggingStatus', content: [] },
    isSo: ({ children }) => children.length === 0,
    refusal: 'Access logs are not written into buckets.',
  },
  {
    ...{ query: 'notification', name: 'BucketNotification', root: 'NotificationConfiguration' },
    content: [],
    isSo: ({ children }) => children.length === 0,
    refusal: 'Events of buckets are not sent anywhere.',
  },
  {
    ...{
      query: 'requestPayment',
      name: 'BucketRequestPayment',
      root: 'RequestPaymentConfiguration',
    },
    content: [leaf('Payer', 'BucketOwner')],
    isSo: (root) => oneOf(textIn(root, 'Payer'), 'BucketOwner', 'Requester'),
    refusal: 'Nobody pays for requests here.',
  },
  {
    ...{ query: 'accelerate', name: 'AccelerateConfiguration', root: 'AccelerateConfiguration' },
    content: [],
    isSo: (root) => oneOf(textIn(root, 'Status'), 'Suspended', 'Enabled'),
    refusal: 'There is no transfer acceleration.',
  },
];

/** Whether it is the first of two. @throws S3Error MalformedXML when it is neither */
function oneOf(value: string | undefined, first: string, second: string): boolean {
  if (value !== first && value !== second) throw new S3Error('MalformedXML');
  return value === first;
}

const absent: readonly (readonly [query: string, name: string, behind: string, ErrorCode])[] = [
  ['website', 'BucketWebsite', 'BucketWebsite', 'NoSuchWebsiteConfiguration'],
  [
    ...(['replication', 'BucketReplication', 'ReplicationConfiguration'] as const),
    'ReplicationConfigurationNotFoundError',
  ],
];

export const fixedOperations: readonly Operation[] = [
  ...fixed.flatMap(({ query, name, root, content, isSo, refusal }): Operation[] => [
    {
      ...{ name: `Get${name}`, method: 'GET', on: 'bucket', query: [query] },
      action: `s3:Get${name}`,
      run: async () => xmlReply(xmlDocument(root, content)),
    },
    {
      ...{ name: `Put${name}`, method: 'PUT', on: 'bucket', query: [query] },
      action: `s3:Put${name}`,
      run: async (call: BucketCall) => {
        if (!isSo(readXml(await documentOf(call), root))) {
          throw new S3Error('NotImplemented', refusal);
        }
        return OK;
      },
    },
  ]),
  ...absent.flatMap(([query, name, behind, code]): Operation[] => [
    {
      ...{ name: `Get${name}`, method: 'GET', on: 'bucket', query: [query] },
      action: `s3:Get${behind}`,
      run: async ({ bucket }: BucketCall) => {
        throw new S3Error(code, undefined, { BucketName: bucket.name });
      },
    },
    {
      ...{ name: `Delete${name}`, method: 'DELETE', on: 'bucket', query: [query] },
      action: `s3:${query === 'website' ? 'Delete' : 'Put'}${behind}`,
      run: async () => NO_CONTENT,
    },
  ]),
  {
    ...{ name: 'RestoreObject', method: 'POST', on: 'object', query: ['restore'] },
    action: 's3:RestoreObject',
    run: async (call: BucketCall) => {
      await lookupTarget(call);
      // Nothing is ever archived.
      throw new S3Error(
        'InvalidObjectState',
        "Restore is not allowed for the object's current storage class",
      );
    },
  },
];

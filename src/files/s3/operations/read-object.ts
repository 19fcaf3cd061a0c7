/** GetObject, HeadObject, GetObjectAttributes. */
import { storageClassOf, storedChecksum } from '../attributes.ts';
import { type ByteRange, checkRead, rangeCounts, rangeOf } from '../conditions.ts';
import { type DataKey, decrypted, openingOf, type Segment } from '../encryption.ts';
import { invalidArgument, S3Error } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { OpenObject, Part } from '../object-store.ts';
import type { Operation } from '../operation.ts';
import { type Reply, xmlReply } from '../reply.ts';
import type { BucketCall } from '../service.ts';
import { leaf, node, type Xml, xmlDocument } from '../xml/writer.ts';
import {
  checksumHeaders,
  httpTime,
  missing,
  mustHaveBytes,
  targetOf,
  versionHeaders,
  versionIdHeader,
} from './versions.ts';

const grant = { of: 'object', permission: 'READ' } as const;
const reads = {
  on: 'object',
  action: 's3:GetObject',
  versionAction: 's3:GetObjectVersion',
  grant,
} as const;

export const readOperations: readonly Operation[] = [
  { name: 'GetObject', method: 'GET', ...reads, run: getObject },
  { name: 'HeadObject', method: 'HEAD', ...reads, run: headObject },
  {
    name: 'GetObjectAttributes',
    method: 'GET',
    query: ['attributes'],
    ...reads,
    run: getObjectAttributes,
  },
];

async function getObject(call: BucketCall): Promise<Reply> {
  return withOpened(call, async (opened) => {
    const { head, range, dataKey } = await planRead(call, opened);
    const { start, end } = range;
    let pieces = opened.read(start, end);
    if (dataKey !== null) {
      pieces = decrypted(pieces, dataKey, await segmentsOf(opened), start);
    }
    return { ...head, bytes: { lengthBytes: end - start, pieces, close: () => opened.close() } };
  });
}

async function headObject(call: BucketCall): Promise<Reply> {
  return withOpened(call, async (opened) => {
    const { head, range } = await planRead(call, opened);
    const lengthBytes = range.end - range.start;
    return { ...head, bytes: { lengthBytes, pieces: nothing(), close: () => opened.close() } };
  });
}

async function* nothing(): AsyncGenerator<Buffer> {}

/** Opens what the request names; who answers without its bytes need not close it. */
async function withOpened(
  call: BucketCall,
  work: (opened: OpenObject) => Promise<Reply>,
): Promise<Reply> {
  const target = targetOf(call);
  const opened = await call.store.open(target);
  if (opened === undefined) throw missing(target);
  let reply: Reply | undefined;
  try {
    mustHaveBytes(opened.version, target);
    reply = await work(opened);
    return reply;
  } finally {
    if (reply?.bytes === undefined) opened.close();
  }
}

/** The runs of bytes that were encrypted each for itself. */
export async function segmentsOf(opened: OpenObject): Promise<readonly Segment[]> {
  const { version } = opened;
  if (version.attributes.parts === undefined) return [{ part: 0, sizeBytes: version.sizeBytes }];
  const parts = await opened.parts();
  return parts.map(({ number, sizeBytes }) => ({ part: number, sizeBytes }));
}

interface ReadPlan {
  readonly head: Reply;
  readonly range: ByteRange;
  readonly dataKey: DataKey | null;
}

/** What GET and HEAD have in common: conditions, range, the fields of the answer. */
async function planRead(call: BucketCall, opened: OpenObject): Promise<ReadPlan> {
  const { headers, query, bucket, service } = call;
  const { version } = opened;
  checkRead(headers, version);
  const dataKey = openingOf(headers, version.attributes, service);
  const fields = versionHeaders(bucket, version);
  const whole: ByteRange = { start: 0, end: version.sizeBytes };
  const asked = headers.get('range');
  const number = query.get('partNumber');
  let range: ByteRange | undefined;
  if (number !== undefined) {
    if (asked !== undefined) {
      throw new S3Error(
        'InvalidRequest',
        'Cannot specify both Range header and partNumber query parameter',
      );
    }
    const part = await partRange(opened, number);
    range = part.range;
    if (part.count > 0) fields.push(['x-amz-mp-parts-count', String(part.count)]);
  } else if (rangeCounts(headers, version)) {
    range = rangeOf(asked, version.sizeBytes);
  }
  if (range === undefined && headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED') {
    fields.push(...checksumHeaders(version));
  }
  if (range !== undefined && range.end > range.start) {
    const { start, end } = range;
    fields.push(['content-range', `bytes ${start}-${end - 1}/${version.sizeBytes}`]);
  }
  const status = range === undefined ? 200 : 206;
  return { head: { status, headers: overridden(call, fields) }, range: range ?? whole, dataKey };
}

/** The bytes of one part of an object that came in parts; another object is one part. */
async function partRange(
  opened: OpenObject,
  asked: string,
): Promise<{ range: ByteRange; count: number }> {
  const { version } = opened;
  const number = Number(asked);
  if (!/^\d{1,5}$/.test(asked) || number < 1 || number > LIMITS.partsMax) {
    throw invalidArgument(
      'partNumber',
      asked,
      'Part number must be an integer between 1 and 10000, inclusive',
    );
  }
  const segments = await segmentsOf(opened);
  const part = segments[number - 1];
  if (part === undefined) {
    throw new S3Error('InvalidPartNumber', undefined, {
      PartNumberRequested: asked,
      ActualPartCount: String(segments.length),
    });
  }
  let start = 0;
  for (const before of segments.slice(0, number - 1)) start += before.sizeBytes;
  const count = version.attributes.parts === undefined ? 0 : segments.length;
  return { range: { start, end: start + part.sizeBytes }, count };
}

/** Fields of the answer that the query sets, for whoever signed it. */
function overridden({ query, user }: BucketCall, fields: [string, string][]): [string, string][] {
  const overrides = OVERRIDES.filter((name) => query.has(`response-${name}`));
  if (overrides.length === 0) return fields;
  if (user === null) {
    throw new S3Error(
      'InvalidRequest',
      'Request specific response headers cannot be used for anonymous GET requests.',
    );
  }
  const kept = fields.filter(([name]) => !(overrides as readonly string[]).includes(name));
  return [
    ...kept,
    ...overrides.map((name): [string, string] => [name, query.get(`response-${name}`) ?? '']),
  ];
}

const OVERRIDES = [
  'content-type',
  'content-language',
  'expires',
  'cache-control',
  'content-disposition',
  'content-encoding',
] as const;

const ATTRIBUTES = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'] as const;

async function getObjectAttributes(call: BucketCall): Promise<Reply> {
  const { headers, bucket } = call;
  const asked = (headers.get('x-amz-object-attributes') ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
  if (asked.length === 0) {
    throw new S3Error(
      'InvalidRequest',
      'The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty',
    );
  }
  const unknown = asked.find((each) => !(ATTRIBUTES as readonly string[]).includes(each));
  if (unknown !== undefined) {
    throw invalidArgument('x-amz-object-attributes', unknown, 'Invalid attribute name specified.');
  }
  return withOpened(call, async (opened) => {
    const { version } = opened;
    openingOf(headers, version.attributes, call.service);
    const wants = new Set(asked);
    const checksum = storedChecksum(version.attributes);
    const content: Xml[] = [];
    if (wants.has('ETag')) content.push(leaf('ETag', version.etag));
    if (wants.has('Checksum') && checksum !== undefined) {
      const { row, value, type } = checksum;
      const bare = value.replace(/-\d+$/, '');
      content.push(node('Checksum', leaf(row.element, bare), leaf('ChecksumType', type)));
    }
    if (wants.has('ObjectParts') && version.attributes.parts !== undefined) {
      content.push(partsXml(call, await opened.parts()));
    }
    if (wants.has('StorageClass')) {
      content.push(leaf('StorageClass', storageClassOf(version.attributes)));
    }
    if (wants.has('ObjectSize')) content.push(leaf('ObjectSize', version.sizeBytes));
    return {
      ...xmlReply(xmlDocument('GetObjectAttributesResponse', content)),
      headers: [
        ['last-modified', httpTime(version.lastModifiedMs)],
        ...versionIdHeader(bucket, version.versionId),
      ],
    };
  });
}

function partsXml({ headers }: BucketCall, parts: readonly Part[]): Xml {
  const max = Math.min(numberOf(headers.get('x-amz-max-parts'), 1000), 1000);
  const marker = numberOf(headers.get('x-amz-part-number-marker'), 0);
  // Those of a completed object are numbered anew, without gaps.
  const rows = parts.map((part, i) => ({ ...part, number: i + 1 }));
  const shown = rows.filter(({ number }) => number > marker).slice(0, max);
  const last = shown.at(-1)?.number ?? marker;
  const checksummed = shown.filter(({ attributes }) => storedChecksum(attributes) !== undefined);
  return node(
    'ObjectParts',
    leaf('PartsCount', parts.length),
    leaf('PartNumberMarker', marker),
    leaf('NextPartNumberMarker', last),
    leaf('MaxParts', max),
    leaf('IsTruncated', last < parts.length),
    checksummed.map(({ number, sizeBytes, attributes }) => {
      const checksum = storedChecksum(attributes);
      return node(
        'Part',
        leaf('PartNumber', number),
        leaf('Size', sizeBytes),
        checksum === undefined ? [] : leaf(checksum.row.element, checksum.value),
      );
    }),
  );
}

function numberOf(value: string | undefined, otherwise: number): number {
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) : otherwise;
}

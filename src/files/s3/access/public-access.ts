/** The public access block of a bucket ("Blocking public access"): a document of four switches. */

import { S3Error } from '../errors.ts';
import type { Bucket } from '../object-store.ts';
import { onceEach } from '../once-each.ts';
import { onlyChildren, readXml, textIn } from '../xml/reader.ts';
import { leaf, xmlDocument } from '../xml/writer.ts';

const SWITCHES = [
  'BlockPublicAcls',
  'IgnorePublicAcls',
  'BlockPublicPolicy',
  'RestrictPublicBuckets',
] as const;

export interface PublicAccessBlock {
  /** New ACLs that give something to everybody are refused. */
  readonly blockPublicAcls: boolean;
  /** ACLs that give something to everybody give nothing. */
  readonly ignorePublicAcls: boolean;
  /** New policies that allow something to everybody are refused. */
  readonly blockPublicPolicy: boolean;
  /** Under a policy that allows something to everybody only the owner is allowed anything by it. */
  readonly restrictPublicBuckets: boolean;
}

const NONE: PublicAccessBlock = {
  blockPublicAcls: false,
  ignorePublicAcls: false,
  blockPublicPolicy: false,
  restrictPublicBuckets: false,
};

export function publicAccessBlock({ documents }: Bucket): PublicAccessBlock {
  const text = documents['public-access-block'];
  return text === undefined ? NONE : readBlock(text);
}

const readBlock = onceEach((text) => JSON.parse(text) as PublicAccessBlock);

/** @throws S3Error MalformedXML */
export function publicAccessBlockOfXml(bytes: Buffer): PublicAccessBlock {
  const root = readXml(bytes, 'PublicAccessBlockConfiguration');
  onlyChildren(root, SWITCHES);
  const [blockPublicAcls, ignorePublicAcls, blockPublicPolicy, restrictPublicBuckets] =
    SWITCHES.map((name) => {
      const text = textIn(root, name)?.toLowerCase() ?? 'false';
      if (text !== 'true' && text !== 'false') throw new S3Error('MalformedXML');
      return text === 'true';
    }) as [boolean, boolean, boolean, boolean];
  return { blockPublicAcls, ignorePublicAcls, blockPublicPolicy, restrictPublicBuckets };
}

export function publicAccessBlockXml(block: PublicAccessBlock): string {
  return xmlDocument(
    'PublicAccessBlockConfiguration',
    leaf('BlockPublicAcls', block.blockPublicAcls),
    leaf('IgnorePublicAcls', block.ignorePublicAcls),
    leaf('BlockPublicPolicy', block.blockPublicPolicy),
    leaf('RestrictPublicBuckets', block.restrictPublicBuckets),
  );
}

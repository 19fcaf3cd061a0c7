/** Files of the namespace as versions of objects, and what refusals of the namespace mean to an object store. */
import { FilesError } from '../errors.ts';
import type { Condition } from '../namespace/condition.ts';
import type { FileInode } from '../namespace/inode.ts';
import type { PartRecord } from '../namespace/records.ts';
import type { VersionName } from '../namespace/versions.ts';
import {
  type Attributes,
  NULL_VERSION,
  type ObjectVersion,
  type Part,
  type Precondition,
  type Refusal,
  StoreFailure,
  type StoreFailureCode,
} from '../s3/object-store.ts';
import { translated } from '../translate.ts';

const ID_DIGITS = 16;
/** Before the digits: readers of XML that guess would take some ids for numbers and lose their zeros. */
const ID_MARK = 'v';
const ID = /^v[0-9a-f]{16}$/;

export function versionOf(key: string, file: FileInode, isLatest: boolean): ObjectVersion {
  const isDeleteMarker = file.kind === 'marker';
  return {
    key,
    versionId: file.isNull ? NULL_VERSION : idOf(file.version),
    isLatest,
    isDeleteMarker,
    sizeBytes: file.size,
    lastModifiedMs: file.modifiedMs,
    etag: isDeleteMarker || file.etag !== '' ? file.etag : madeEtag(file),
    revision: String(file.revision),
    attributes: decodeAttributes(file.object),
  };
}

/** Of a file that came by a door without entity tags. */
function madeEtag({ id, revision }: FileInode): string {
  return `${idOf(id)}-${revision}`;
}

export function partOf(part: PartRecord & { readonly part: number }): Part {
  return {
    number: part.part,
    sizeBytes: part.size,
    lastModifiedMs: part.modifiedMs,
    etag: part.etag,
    attributes: decodeAttributes(part.object),
  };
}

/** A number as the text of an id; the order of ids is that of numbers. */
export function idOf(number: number): string {
  return ID_MARK + number.toString(16).padStart(ID_DIGITS, '0');
}

/** Undefined: no id of ours. */
export function numberOf(id: string): number | undefined {
  if (!ID.test(id)) return undefined;
  const number = Number.parseInt(id.slice(ID_MARK.length), 16);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** Undefined: no version has this id. */
export function versionName(id: string): VersionName | undefined {
  return id === NULL_VERSION ? 'null' : numberOf(id);
}

const NOTHING = Buffer.alloc(0);
const NO_ATTRIBUTES: Attributes = {};

export function encodeAttributes(attributes: Attributes): Buffer {
  for (const _ in attributes) return Buffer.from(JSON.stringify(attributes));
  return NOTHING;
}

export function decodeAttributes(bytes: Buffer): Attributes {
  if (bytes.length === 0) return NO_ATTRIBUTES;
  return JSON.parse(bytes.toString()) as Attributes;
}

export function changedAttributes(
  before: Attributes,
  change: Readonly<Record<string, string | null>>,
): Attributes {
  const merged = Object.entries({ ...before, ...change });
  return Object.fromEntries(merged.filter((row): row is [string, string] => row[1] !== null));
}

/** Null: it can not hold, whatever is there. */
export function conditionOf(precondition: Precondition | undefined): Condition | undefined {
  if (precondition === undefined) return undefined;
  const { exists, etag, lastModifiedSeconds, sizeBytes, revision } = precondition;
  return {
    ...(exists !== undefined && { exists }),
    ...(etag !== undefined && { etag }),
    ...(lastModifiedSeconds !== undefined && { modifiedSeconds: lastModifiedSeconds }),
    ...(sizeBytes !== undefined && { size: sizeBytes }),
    ...(revision !== undefined && { revision: Number(revision) }),
  };
}

/** What an ordinary refusal is called here; undefined: it is none. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof FilesError)) return undefined;
  switch (error.code) {
    case 'condition-failed':
      return 'precondition-failed';
    case 'not-found':
      return 'no-such-key';
    case 'no-version':
      return 'no-such-version';
    case 'no-upload':
      return 'no-such-upload';
    case 'no-part':
      return 'invalid-part';
    default:
      return undefined;
  }
}

/** The world's failures as the doors know them; bugs stay what they are. */
export function failureOf(thrown: unknown): unknown {
  const error = translated(thrown, 'the namespace');
  if (!(error instanceof FilesError)) return error;
  return new StoreFailure(failureCode(error), { cause: error });
}

function failureCode({ code }: FilesError): StoreFailureCode {
  switch (code) {
    case 'disk-full':
      return 'no-space';
    case 'names-quota':
    case 'space-quota':
      return 'quota';
    case 'corrupt':
    case 'missing':
      return 'corrupt';
    case 'too-many-extents':
      return 'too-large';
    default:
      return 'unavailable';
  }
}

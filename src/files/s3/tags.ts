/** Tags of objects and buckets: read from a field, from XML; kept as one text, in the form of a query. */
import { invalidArgument, S3Error } from './errors.ts';
import { LIMITS } from './limits.ts';
import { encodePercent } from './names.ts';
import { parseQuery } from './request.ts';
import {
  childOf,
  childrenOf,
  onlyChildren,
  readXml,
  textIn,
  type XmlElement,
} from './xml/reader.ts';
import { leaf, node, xmlDocument } from './xml/writer.ts';

export type Tags = readonly (readonly [key: string, value: string])[];

/** As x-amz-tagging says them. @throws S3Error InvalidArgument, InvalidTag */
export function tagsOfField(value: string | undefined): Tags | undefined {
  if (value === undefined) return undefined;
  const wrong = (): S3Error =>
    invalidArgument(
      'x-amz-tagging',
      value,
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
    );
  let tags: Tags;
  try {
    tags = parseQuery(value).pairs;
  } catch {
    throw wrong();
  }
  const names = new Set(tags.map(([key]) => key));
  if (names.size < tags.length || names.has('')) throw wrong();
  return checked(tags, LIMITS.objectTags);
}

/** @throws S3Error MalformedXML, InvalidTag */
export function tagsOfXml(bytes: Buffer, max: number): Tags {
  const root = readXml(bytes, 'Tagging');
  onlyChildren(root, ['TagSet']);
  const set = childOf(root, 'TagSet');
  if (set === undefined) throw new S3Error('MalformedXML');
  return tagsOfSet(set, max);
}

/** The tags of an element that has nothing but tags. @throws S3Error MalformedXML, InvalidTag */
export function tagsOfSet(set: XmlElement, max: number): Tags {
  onlyChildren(set, ['Tag']);
  const tags = childrenOf(set, 'Tag').map((tag) => {
    const key = textIn(tag, 'Key');
    const value = textIn(tag, 'Value');
    if (key === undefined || value === undefined) throw new S3Error('MalformedXML');
    return [key, value] as const;
  });
  return checked(tags, max);
}

export function tagsXml(tags: Tags): string {
  const rows = tags.map(([key, value]) => node('Tag', leaf('Key', key), leaf('Value', value)));
  return xmlDocument('Tagging', node('TagSet', rows));
}

export function tagsText(tags: Tags): string {
  return tags.map(([key, value]) => `${encodePercent(key)}=${encodePercent(value)}`).join('&');
}

export function tagsOfText(text: string | undefined): Tags {
  return text === undefined ? [] : parseQuery(text).pairs;
}

/** Letters, figures and blanks of any language, and a few signs ("Object tagging"). */
const TAG_CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

function checked(tags: Tags, max: number): Tags {
  if (tags.length > max) {
    const what = max === LIMITS.objectTags ? 'Object' : 'Bucket';
    throw new S3Error('BadRequest', `${what} tags cannot be greater than ${max}`);
  }
  for (const [key, value] of tags) {
    if (key.length === 0 || key.length > LIMITS.tagKeyCharacters || !TAG_CHARACTERS.test(key)) {
      throw new S3Error('InvalidTag', 'The TagKey you have provided is invalid', { TagKey: key });
    }
    if (value.length > LIMITS.tagValueCharacters || !TAG_CHARACTERS.test(value)) {
      throw new S3Error('InvalidTag', 'The TagValue you have provided is invalid', {
        TagValue: value,
      });
    }
    if (/^aws:/i.test(key)) {
      throw new S3Error('InvalidTag', 'System tags cannot be added/updated by requester');
    }
  }
  if (new Set(tags.map(([key]) => key)).size < tags.length) {
    throw new S3Error('InvalidTag', 'Cannot provide multiple Tags with the same key');
  }
  return tags;
}

/**
 * Lifecycle rules of a bucket ("Managing your storage lifecycle"): what goes when. Expiry of current versions, of
 * noncurrent ones, of delete markers that nothing lies below, and abort of uploads nobody completes. Transitions
 * between storage classes are refused: there is one class.
 */
import { invalidArgument, S3Error } from './errors.ts';
import { LIMITS } from './limits.ts';
import { encodePercent } from './names.ts';
import type { Bucket, ObjectVersion, Upload } from './object-store.ts';
import { onceEach } from './once-each.ts';
import { tagsOfText } from './tags.ts';
import {
  childOf,
  childrenOf,
  neededText,
  numberIn,
  onlyChildren,
  readXml,
  textIn,
  type XmlElement,
} from './xml/reader.ts';
import { leaf, node, type Xml, xmlDocument } from './xml/writer.ts';

export interface LifecycleFilter {
  readonly prefix: string;
  readonly tags: readonly (readonly [string, string])[];
  readonly largerThan?: number;
  readonly smallerThan?: number;
}

export interface LifecycleRule {
  readonly id: string;
  readonly enabled: boolean;
  readonly filter: LifecycleFilter;
  /** Days since it was written, or a day. */
  readonly expiryDays?: number;
  readonly expiryMs?: number;
  /** Delete markers with nothing below them go. */
  readonly expiresMarkers?: boolean;
  readonly noncurrentDays?: number;
  /** So many noncurrent versions stay however old. */
  readonly noncurrentKept?: number;
  readonly abortDays?: number;
  /** As the client wrote it: `Prefix` by itself, or in `Filter`, or there with `And`. */
  readonly shape: 'prefix' | 'filter' | 'and';
}

const DAY_MS = 86_400_000;

export function lifecycleOf({ documents }: Bucket): readonly LifecycleRule[] {
  const text = documents.lifecycle;
  return text === undefined ? [] : rulesOf(text);
}

const rulesOf = onceEach((text) => JSON.parse(text) as readonly LifecycleRule[]);

/** The first midnight (UTC) at least so many days behind a time. */
export function dueMs(fromMs: number, days: number, dayMs: number = DAY_MS): number {
  return Math.ceil((fromMs + days * dayMs) / dayMs) * dayMs;
}

export interface RuleTime {
  readonly nowMs: number;
  /** How long a day is: who tries rules out has shorter ones. */
  readonly dayMs: number;
}

function applies(
  { filter, enabled }: LifecycleRule,
  { key, attributes, sizeBytes }: Pick<ObjectVersion, 'key' | 'attributes' | 'sizeBytes'>,
): boolean {
  if (!enabled || !key.startsWith(filter.prefix)) return false;
  if (filter.largerThan !== undefined && sizeBytes <= filter.largerThan) return false;
  if (filter.smallerThan !== undefined && sizeBytes >= filter.smallerThan) return false;
  if (filter.tags.length === 0) return true;
  const tags = tagsOfText(attributes.tags);
  return filter.tags.every(([name, value]) => tags.some(([n, v]) => n === name && v === value));
}

/** When a current version goes and by which rule; undefined: never. */
export function expiryOf(
  rules: readonly LifecycleRule[],
  version: ObjectVersion,
  dayMs: number = DAY_MS,
): { readonly atMs: number; readonly rule: string } | undefined {
  let found: { atMs: number; rule: string } | undefined;
  for (const rule of rules) {
    if (!applies(rule, version)) continue;
    const atMs =
      rule.expiryMs ??
      (rule.expiryDays === undefined
        ? undefined
        : dueMs(version.lastModifiedMs, rule.expiryDays, dayMs));
    if (atMs !== undefined && (found === undefined || atMs < found.atMs)) {
      found = { atMs, rule: rule.id };
    }
  }
  return found;
}

/** The field that says when an object goes; none when it does not. */
export function expirationHeader(bucket: Bucket, version: ObjectVersion): [string, string][] {
  const expiry = expiryOf(lifecycleOf(bucket), version);
  if (expiry === undefined) return [];
  const date = new Date(expiry.atMs).toUTCString();
  return [['x-amz-expiration', `expiry-date="${date}", rule-id="${encodePercent(expiry.rule)}"`]];
}

/** What to do with the versions of one key, newest first; ids of those that go for good, or a marker on top. */
export interface KeyPlan {
  readonly removeVersions: readonly string[];
  /** The current version expires: a marker comes on top, or it goes where there is no versioning. */
  readonly expireCurrent: boolean;
}

export function planKey(
  rules: readonly LifecycleRule[],
  versions: readonly ObjectVersion[],
  { nowMs, dayMs }: RuleTime,
): KeyPlan {
  const [current] = versions;
  if (current === undefined) return { removeVersions: [], expireCurrent: false };
  const removeVersions: string[] = [];
  versions.forEach((version, i) => {
    const newer = versions[i - 1];
    if (newer === undefined) return;
    // It became noncurrent when the next one came.
    const goes = rules.some(
      (rule) =>
        rule.noncurrentDays !== undefined &&
        applies(rule, version) &&
        dueMs(newer.lastModifiedMs, rule.noncurrentDays, dayMs) <= nowMs &&
        i > (rule.noncurrentKept ?? 0),
    );
    if (goes) removeVersions.push(version.versionId);
  });
  if (!current.isDeleteMarker) {
    const expiry = expiryOf(rules, current, dayMs);
    return { removeVersions, expireCurrent: expiry !== undefined && expiry.atMs <= nowMs };
  }
  const alone = versions.length === 1;
  const goes =
    alone &&
    rules.some(
      (rule) =>
        applies(rule, current) &&
        (rule.expiresMarkers === true ||
          (rule.expiryDays !== undefined &&
            dueMs(current.lastModifiedMs, rule.expiryDays, dayMs) <= nowMs)),
    );
  if (goes) removeVersions.push(current.versionId);
  return { removeVersions, expireCurrent: false };
}

/** Whether nobody will complete it any more. */
export function isStale(
  rules: readonly LifecycleRule[],
  upload: Upload,
  { nowMs, dayMs }: RuleTime,
): boolean {
  return rules.some(
    ({ enabled, filter, abortDays }) =>
      enabled &&
      abortDays !== undefined &&
      upload.key.startsWith(filter.prefix) &&
      dueMs(upload.createdMs, abortDays, dayMs) <= nowMs,
  );
}

/** `makeId` names rules without an id. @throws S3Error MalformedXML, InvalidArgument, InvalidRequest */
export function lifecycleOfXml(bytes: Buffer, makeId: () => string): readonly LifecycleRule[] {
  const root = readXml(bytes, 'LifecycleConfiguration');
  onlyChildren(root, ['Rule']);
  const rules = childrenOf(root, 'Rule').map((row) => ruleOf(row, makeId));
  if (rules.length === 0 || rules.length > LIMITS.rules) throw new S3Error('MalformedXML');
  if (new Set(rules.map(({ id }) => id)).size < rules.length) {
    throw new S3Error(
      'InvalidArgument',
      'Rule ID must be unique. Found same ID for more than one rule',
    );
  }
  return rules;
}

function ruleOf(row: XmlElement, makeId: () => string): LifecycleRule {
  const status = neededText(row, 'Status');
  if (status !== 'Enabled' && status !== 'Disabled') throw new S3Error('MalformedXML');
  const id = textIn(row, 'ID') ?? '';
  if (id.length > 255) {
    throw new S3Error('InvalidArgument', 'ID length should not exceed allowed limit of 255');
  }
  if (
    childOf(row, 'Transition') !== undefined ||
    childOf(row, 'NoncurrentVersionTransition') !== undefined
  ) {
    throw new S3Error(
      'NotImplemented',
      'There is one storage class, so nothing can move to another.',
    );
  }
  const expiration = childOf(row, 'Expiration');
  const noncurrent = childOf(row, 'NoncurrentVersionExpiration');
  const abort = childOf(row, 'AbortIncompleteMultipartUpload');
  if (expiration === undefined && noncurrent === undefined && abort === undefined) {
    throw new S3Error('InvalidRequest', 'At least one action needs to be specified in a rule');
  }
  const { filter } = filterOf(row);
  checkFilter(filter, expiration, abort);
  const noncurrentKept =
    noncurrent === undefined ? undefined : numberIn(noncurrent, 'NewerNoncurrentVersions');
  return {
    id: id === '' ? makeId() : id,
    enabled: status === 'Enabled',
    ...filterOf(row),
    ...(expiration !== undefined && expiryIn(expiration)),
    ...(noncurrent !== undefined && { noncurrentDays: daysIn(noncurrent, 'NoncurrentDays') }),
    ...(noncurrentKept !== undefined && { noncurrentKept }),
    ...(abort !== undefined && { abortDays: daysIn(abort, 'DaysAfterInitiation') }),
  };
}

/** @throws S3Error InvalidRequest of what contradicts itself, or says more than an action can heed */
function checkFilter(
  { tags, largerThan, smallerThan }: LifecycleFilter,
  expiration: XmlElement | undefined,
  abort: XmlElement | undefined,
): void {
  if (new Set(tags.map(([name]) => name)).size < tags.length) {
    throw new S3Error('InvalidRequest', 'Duplicate Tag Keys are not allowed.');
  }
  if (largerThan !== undefined && smallerThan !== undefined && smallerThan <= largerThan) {
    throw new S3Error(
      'InvalidRequest',
      'ObjectSizeLessThan has to be larger than ObjectSizeGreaterThan',
    );
  }
  // Markers and uploads have neither tags nor a size.
  const what = tags.length > 0 ? 'Tags' : 'Object Size';
  if (tags.length === 0 && largerThan === undefined && smallerThan === undefined) return;
  if (abort !== undefined) {
    const says = `AbortIncompleteMultipartUpload cannot be specified with ${what}`;
    throw new S3Error('InvalidRequest', says);
  }
  if (expiration !== undefined && childOf(expiration, 'ExpiredObjectDeleteMarker') !== undefined) {
    const says = `ExpiredObjectDeleteMarker cannot be specified with ${what}`;
    throw new S3Error('InvalidRequest', says);
  }
}

function expiryIn(row: XmlElement): Partial<LifecycleRule> {
  const date = textIn(row, 'Date');
  const marker = textIn(row, 'ExpiredObjectDeleteMarker');
  const days = textIn(row, 'Days');
  if ([date, marker, days].filter((each) => each !== undefined).length !== 1) {
    throw new S3Error('MalformedXML');
  }
  if (days !== undefined) return { expiryDays: daysIn(row, 'Days') };
  if (marker !== undefined) return { expiresMarkers: marker === 'true' };
  const expiryMs = /^\d{4}-\d\d-\d\d/.test(date ?? '') ? Date.parse(date ?? '') : Number.NaN;
  if (Number.isNaN(expiryMs)) throw new S3Error('MalformedXML');
  if (expiryMs % DAY_MS !== 0)
    throw invalidArgument('Date', date ?? '', "'Date' must be at midnight GMT");
  return { expiryMs };
}

function daysIn(row: XmlElement, name: string): number {
  const text = textIn(row, name) ?? '';
  const isNegative = /^-\d{1,15}$/.test(text);
  const days = isNegative ? 0 : numberIn(row, name);
  if (days === undefined) throw new S3Error('MalformedXML');
  if (days === 0) {
    throw invalidArgument(name, text, `'${name}' for Expiration action must be a positive integer`);
  }
  return days;
}

function filterOf(row: XmlElement): Pick<LifecycleRule, 'filter' | 'shape'> {
  const prefix = textIn(row, 'Prefix');
  const filter = childOf(row, 'Filter');
  if ((prefix === undefined) === (filter === undefined)) throw new S3Error('MalformedXML');
  if (filter === undefined) return { filter: { prefix: prefix ?? '', tags: [] }, shape: 'prefix' };
  const and = childOf(filter, 'And');
  if (and === undefined && filter.children.length > 1) throw new S3Error('MalformedXML');
  const from = and ?? filter;
  const largerThan = numberIn(from, 'ObjectSizeGreaterThan');
  const smallerThan = numberIn(from, 'ObjectSizeLessThan');
  return {
    filter: {
      prefix: textIn(from, 'Prefix') ?? '',
      tags: childrenOf(from, 'Tag').map(
        (tag) => [neededText(tag, 'Key'), textIn(tag, 'Value') ?? ''] as const,
      ),
      ...(largerThan !== undefined && { largerThan }),
      ...(smallerThan !== undefined && { smallerThan }),
    },
    shape: and === undefined ? 'filter' : 'and',
  };
}

export function lifecycleXml(rules: readonly LifecycleRule[]): string {
  return xmlDocument('LifecycleConfiguration', rules.map(ruleXml));
}

function ruleXml(rule: LifecycleRule): Xml {
  const { expiryDays, expiryMs, expiresMarkers, noncurrentDays, noncurrentKept, abortDays } = rule;
  const date = expiryMs === undefined ? undefined : new Date(expiryMs).toISOString();
  const expires = expiryDays !== undefined || date !== undefined || expiresMarkers !== undefined;
  return node(
    'Rule',
    leaf('ID', rule.id),
    filterXml(rule),
    leaf('Status', rule.enabled ? 'Enabled' : 'Disabled'),
    expires
      ? node(
          'Expiration',
          leaf('Days', expiryDays),
          leaf('Date', date),
          leaf('ExpiredObjectDeleteMarker', expiresMarkers),
        )
      : [],
    noncurrentDays === undefined
      ? []
      : node(
          'NoncurrentVersionExpiration',
          leaf('NoncurrentDays', noncurrentDays),
          leaf('NewerNoncurrentVersions', noncurrentKept),
        ),
    abortDays === undefined
      ? []
      : node('AbortIncompleteMultipartUpload', leaf('DaysAfterInitiation', abortDays)),
  );
}

function filterXml({ filter, shape }: LifecycleRule): Xml {
  const { prefix, tags, largerThan, smallerThan } = filter;
  if (shape === 'prefix') return leaf('Prefix', prefix);
  const asked = tags.length > 0 || largerThan !== undefined || smallerThan !== undefined;
  const content = [
    leaf('Prefix', prefix === '' && asked ? undefined : prefix),
    ...tags.map(([name, value]) => node('Tag', leaf('Key', name), leaf('Value', value))),
    leaf('ObjectSizeGreaterThan', largerThan),
    leaf('ObjectSizeLessThan', smallerThan),
  ];
  return node('Filter', shape === 'and' ? node('And', content) : content);
}

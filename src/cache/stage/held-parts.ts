/**
 * Parts of representations that are not there whole, RFC 9111 sections 3.3 and 3.4: each answers for what lies in it,
 * those that meet become one, and what is complete is a whole response like others.
 *
 * Invariant: parts are put together only when they share a strong validator, a length and a variant, and no purge
 * stands between them.
 */
import { FieldId, Fields } from '../../core/wire/index.ts';
import { JOINED_BYTES_MAX } from '../limits.ts';
import type { Resource } from '../objects/resource.ts';
import type { StoredResponse } from '../objects/stored-response.ts';
import { decideRange, decideReuse, type Part, validatorsOf } from '../policy/index.ts';
import { belongsTo, coalesce, contentRangeOf, type PartialResponse } from '../ranges/index.ts';
import { overlay } from './freshen.ts';
import { RequestFlag } from './request-flags.ts';
import type { StageParts } from './stage-parts.ts';
import { factsOf, fieldsOf, freshnessOf } from './stored-facts.ts';
import type { Visit } from './visit.ts';

export interface HeldPart {
  readonly stored: StoredResponse;
  /** What is asked for of it. */
  readonly parts: readonly Part[];
}

const merged = new Fields();
const newer = new Fields();

/** A stored part that holds all that a request asks for, and may be used; null: there is none. */
export function findPart(
  parts: StageParts,
  resource: Resource,
  visit: Visit,
  nowMs: number,
): HeldPart | null {
  // Preconditions of what is not there whole are the origin's to decide.
  if (!visit.has(RequestFlag.range) || visit.has(RequestFlag.conditional) || visit.isHead) {
    return null;
  }
  const request = visit.exchange.request.fields;
  for (const stored of [...(resource.parts ?? [])].reverse()) {
    if (!parts.isVariant(stored, request) || !isCurrent(parts, stored)) continue;
    if (decideReuse(visit.directives, freshnessOf(stored), nowMs).verdict !== 'use') continue;
    const { part, lengthBytes } = stored.partial as PartialResponse;
    const { dateMs } = factsOf(stored);
    const validators = validatorsOf(fieldsOf(stored));
    const decision = decideRange(request, validators, { lengthBytes, dateMs });
    if (decision.kind !== 'parts') continue;
    const wanted = coalesce(decision.parts);
    if (wanted.every(({ start, end }) => part.start <= start && end <= part.end)) {
      return { stored, parts: wanted };
    }
  }
  return null;
}

/** Puts a part that has come together with those that it meets. */
export function joinParts(parts: StageParts, added: StoredResponse): void {
  let joined: StoredResponse | null = added;
  while (joined !== null) {
    if (isWhole(joined.partial as PartialResponse)) {
      // Copied once more, as the response that it is now.
      join(parts, joined, joined);
      return;
    }
    const other = neighbourOf(parts, joined);
    const next: StoredResponse | null = other === null ? null : join(parts, joined, other);
    if (next === null || next.partial === null) return;
    joined = next;
  }
}

function isWhole({ part, lengthBytes }: PartialResponse): boolean {
  return part.start === 0 && part.end === lengthBytes;
}

function neighbourOf(parts: StageParts, stored: StoredResponse): StoredResponse | null {
  const own = stored.partial as PartialResponse;
  for (const other of stored.resource.parts ?? []) {
    const theirs = other.partial as PartialResponse;
    if (other === stored || other.variant !== stored.variant || !belongsTo(own, theirs)) continue;
    if (own.part.start > theirs.part.end || theirs.part.start > own.part.end) continue;
    const { start, end } = unionOf(own.part, theirs.part);
    if (end - start > JOINED_BYTES_MAX || !isCurrent(parts, other)) continue;
    return other;
  }
  return null;
}

/** No purge names it, up to now; one that is named is gone or stale behind this. */
function isCurrent(parts: StageParts, stored: StoredResponse): boolean {
  if (stored.invalidated) return false;
  const { ledger } = parts;
  if (stored.seq === ledger.seq) return true;
  const verdict = ledger.verdictOn(stored.resource.key, stored.tags, stored.seq);
  if (verdict !== undefined) {
    parts.objects.remove(stored);
    return false;
  }
  stored.seq = ledger.seq;
  return true;
}

/**
 * One response of both, in their place; null when there is no room for it, and they stay as they are.
 * @param newest whose fields and times hold (RFC 9110 section 15.3.7.3); as `other` too when it is whole by itself.
 */
function join(
  { objects, ledger }: StageParts,
  newest: StoredResponse,
  other: StoredResponse,
): StoredResponse | null {
  const own = newest.partial as PartialResponse;
  const union = { ...own, part: unionOf(own.part, (other.partial as PartialResponse).part) };
  const joined = objects.begin(newest.resource);
  joined.partial = isWhole(union) ? null : union;
  joined.status = joined.partial === null ? 200 : 206;
  joined.varyNames = newest.varyNames;
  joined.variant = newest.variant;
  joined.seq = newest.seq;
  joined.responseMs = newest.responseMs;
  joined.initialAgeSeconds = newest.initialAgeSeconds;
  joined.lifetimeSeconds = newest.lifetimeSeconds;
  joined.freshUntilMs = newest.freshUntilMs;
  // Memory is taken for it, for which nothing of these may go.
  const held = [joined, newest, other];
  for (const each of held) each.pin();
  const copied =
    joined.keepFields(fieldsOfBoth(newest, other, union)) &&
    copyBodies(joined, union.part, [newest, other]);
  if (copied) {
    joined.finish();
    // A purge of either names both.
    joined.tags = [...new Set([...newest.tags, ...other.tags])];
    ledger.retain(joined.tags);
    // Added first: a resource without any response is forgotten.
    objects.add(joined);
    objects.remove(other);
    objects.remove(newest);
  } else {
    joined.leave();
  }
  for (const each of held) each.unpin();
  return copied && !joined.gone ? joined : null;
}

/** Valid until the next call. */
function fieldsOfBoth(
  newest: StoredResponse,
  other: StoredResponse,
  { part, lengthBytes }: PartialResponse,
): Fields {
  newer.reset();
  newest.readFields(newer);
  merged.reset();
  other.readFields(merged);
  if (other !== newest && !overlay(merged, newer)) {
    // Too many of both: those of the newest alone.
    merged.reset();
    newest.readFields(merged);
  }
  merged.removeAll(FieldId.contentRange);
  const bytes = part.end - part.start;
  if (bytes < lengthBytes) {
    merged.addKnown(FieldId.contentRange, contentRangeOf(part, lengthBytes));
  }
  merged.set(FieldId.contentLength, String(bytes));
  return merged;
}

/** Copies the bytes of a part from those that hold them between them. */
function copyBodies(
  to: StoredResponse,
  { start, end }: Part,
  from: readonly StoredResponse[],
): boolean {
  to.beginBody(end - start);
  let at = start;
  while (at < end) {
    const source = from.find((each) => {
      const { part } = each.partial as PartialResponse;
      return part.start <= at && at < part.end;
    });
    if (source === undefined) return false;
    const { part } = source.partial as PartialResponse;
    const bytes = source.body(at - part.start, part.end - part.start);
    if (!to.append(bytes)) return false;
    at += bytes.length;
  }
  return true;
}

function unionOf(a: Part, b: Part): Part {
  return { start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
}

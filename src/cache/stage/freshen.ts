/** A stored response that the origin says is still right takes over the fields of the 304, RFC 9111 section 3.2. */
import { FieldId, Fields, lowerName } from '../../core/wire/index.ts';
import type { StoredResponse } from '../objects/stored-response.ts';
import {
  NO_DIRECTIVES,
  NOT_FRESHENED,
  type ResponseFacts,
  readResponse,
  whyNotStored,
} from '../policy/index.ts';
import { strip } from './kept-fields.ts';

const merged = new Fields();

/**
 * Gives a stored response the fields of a response without content to the same. Cookies are for the one who asked,
 * unless the rule shares them.
 * @returns the facts by which its freshness is judged; null when there is no memory for it, and it is as it was.
 */
export function freshen(
  stored: StoredResponse,
  update: Fields,
  nowMs: number,
  setCookies: boolean,
): ResponseFacts | null {
  merged.reset();
  stored.readFields(merged);
  const facts = readResponse(stored.status, update, nowMs);
  strip(update, facts.directives);
  if (!setCookies) update.removeAll(FieldId.setCookie);
  if (!overlay(merged, update)) return null;
  merged.removeAll(FieldId.age);
  const all = readResponse(stored.status, merged, nowMs);
  if (!stored.keepFields(merged)) return null;
  return { ...all, ageSeconds: facts.ageSeconds };
}

/** Whether what was freshened may still be stored. @param varyAny its Vary has `*`. */
export function mayStay(stored: StoredResponse, facts: ResponseFacts, varyAny: boolean): boolean {
  const { status } = stored;
  return whyNotStored(FOR_ALL, { ...facts, status }, varyAny) === undefined;
}

/** What matters is what the response says. */
const FOR_ALL = { method: 'GET', directives: NO_DIRECTIVES, authorized: false };

/** Fields of a newer response to the same take the place of those of the stored one. False: they are too many. */
export function overlay(merged: Fields, update: Fields): boolean {
  const known = merged.count;
  for (let i = 0; i < update.count; i++) {
    if (update.isRemoved(i) || NOT_FRESHENED.has(update.id(i) as FieldId)) continue;
    const name = update.name(i);
    const lower = lowerName(name);
    for (let j = merged.findName(lower); j !== -1 && j < known; j = merged.findName(lower, j + 1)) {
      merged.remove(j);
    }
    if (!merged.add(Buffer.from(name, 'latin1'), update.valueBytes(i))) return false;
  }
  return true;
}

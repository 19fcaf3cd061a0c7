/**
 * The configuration on the admin door: read as a document with an entity tag, changed by a JSON Merge Patch
 * (RFC 7396) under the conditions of RFC 9110 13.1.1.
 */
import type { ConfigDoor } from './config-door.ts';
import { parseJson } from './json-body.ts';
import { BODY_BYTES_MAX } from './limits.ts';
import { type DoorRequest, jsonPage, type Page } from './page.ts';
import { problemPage, settingProblem } from './problems.ts';

export const PATCH_TYPE = 'application/merge-patch+json';

export function configPage(door: ConfigDoor): Page {
  return jsonPage(200, door.document(), { etag: door.etag(), 'accept-patch': PATCH_TYPE });
}

export function settingsPage(door: ConfigDoor): Page {
  return jsonPage(200, door.settings(), { etag: door.etag() });
}

export async function patchConfigPage(request: DoorRequest, door: ConfigDoor): Promise<Page> {
  const type = request.header('content-type') ?? '';
  const coding = request.header('content-encoding') ?? 'identity';
  if (type.split(';', 1)[0]?.trim().toLowerCase() !== PATCH_TYPE || coding !== 'identity') {
    const detail = `the body is ${type === '' ? 'of no type' : type}, wanted ${PATCH_TYPE} without a coding`;
    return problemPage('wrong-media-type', detail, { headers: { 'accept-patch': PATCH_TYPE } });
  }
  const body = await request.body();
  if (body === undefined) {
    return problemPage('too-large', `the body is larger than ${BODY_BYTES_MAX} bytes`, {
      headers: { connection: 'close' },
    });
  }
  const json = parseJson(body);
  if (!json.ok) return problemPage('not-json', json.why);
  const condition = request.header('if-match');
  const outcome = await door.patch(json.value, (etag) => matches(condition, etag));
  const headers = { etag: outcome.etag };
  if (outcome.ok) {
    const { ok: _, etag: __, ...said } = outcome;
    return jsonPage(200, said, headers);
  }
  const { reason, detail, problems } = outcome;
  return problemPage(reason, detail, {
    members: problems.length === 0 ? {} : { problems: problems.map(settingProblem) },
    headers: reason === 'not-open' ? { ...headers, 'retry-after': '1' } : headers,
  });
}

/** If-Match: a weak tag never matches (RFC 9110 13.1.1), a missing field always does. */
function matches(condition: string | undefined, etag: string): boolean {
  if (condition === undefined || condition.trim() === '*') return true;
  return condition.split(',').some((each) => each.trim() === etag);
}

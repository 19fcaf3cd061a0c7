/** What a request that changes something makes stale, RFC 9111 section 4.4. */
import { FieldId, type Fields } from '../../core/wire/index.ts';

/** RFC 9110 section 9.2.1. Every other method may change what is stored. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * The URIs to be invalidated: that of the request, and those that Location and Content-Location name if they are of
 * the same origin. None when the method is safe or the response an error.
 * @param target absolute URI of the request.
 */
export function invalidatedBy(
  method: string,
  target: string,
  status: number,
  response: Fields,
): readonly string[] {
  if (SAFE.has(method) || status < 200 || status > 399) return [];
  const uris = new Set([target]);
  for (const id of [FieldId.location, FieldId.contentLocation]) {
    const reference = response.get(id);
    if (reference === undefined || !URL.canParse(reference, target)) continue;
    const uri = new URL(reference, target);
    uri.hash = '';
    // Others' resources are not ours to invalidate: that would be a way to attack them.
    if (uri.origin === new URL(target).origin) uris.add(uri.href);
  }
  return [...uris];
}

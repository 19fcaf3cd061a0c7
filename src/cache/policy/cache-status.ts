/** The Cache-Status field, RFC 9211: how a cache has handled a request. */

/** Section 2.2. */
export type ForwardReason =
  | 'bypass'
  | 'method'
  | 'uri-miss'
  | 'vary-miss'
  | 'miss'
  | 'request'
  | 'stale'
  | 'partial';

export interface Handled {
  /** Answered from the store without asking the origin. */
  readonly hit: boolean;
  readonly forwarded?: ForwardReason;
  /** Status that the origin answered with, where it is not the one sent. */
  readonly forwardStatus?: number;
  readonly stored?: boolean;
  readonly collapsed?: boolean;
  /** Seconds of freshness left, negative when stale. */
  readonly ttlSeconds?: number;
  readonly key?: string;
  readonly detail?: string;
}

/** One member of the field, to stand behind those of caches nearer to the origin (section 2). */
export function cacheStatus(cache: string, handled: Handled): string {
  const { hit, forwarded, forwardStatus, stored, collapsed, ttlSeconds, key, detail } = handled;
  let text = cache;
  // Section 2.1: hit and fwd are never both there.
  if (hit) text += '; hit';
  else if (forwarded !== undefined) text += `; fwd=${forwarded}`;
  if (forwardStatus !== undefined) text += `; fwd-status=${forwardStatus}`;
  if (ttlSeconds !== undefined) text += `; ttl=${Math.floor(ttlSeconds)}`;
  if (stored === true) text += '; stored';
  if (collapsed === true) text += '; collapsed';
  if (key !== undefined) text += `; key=${quoted(key)}`;
  if (detail !== undefined) text += `; detail=${quoted(detail)}`;
  return text;
}

/** An sf-string, RFC 9651 section 3.3.3; what may not stand in one is replaced. */
function quoted(text: string): string {
  const ascii = text.replaceAll(/[^ -~]/g, '?');
  return `"${ascii.replaceAll(/["\\]/g, '\\$&')}"`;
}

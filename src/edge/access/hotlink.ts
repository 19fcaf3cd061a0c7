/**
 * Which sites may embed or link content, by the field Referer (RFC 9110 section 10.1.3). A rule of manners: whoever
 * wants to sends another one; a signature is what holds.
 */
import { FieldId, type RequestHead } from '../../core/wire/index.ts';
import type { AccessRuleSettings } from './access-fields.ts';
import { HostPatterns } from './host-patterns.ts';

export interface HotlinkRule {
  /** Whether the request may have the content. */
  passes(request: RequestHead): boolean;
}

/** Undefined: there is none. */
export function hotlinkRuleOf({
  hosts,
  sameHost,
  allowEmpty,
}: AccessRuleSettings['hotlink']): HotlinkRule | undefined {
  if (hosts.length === 0) return undefined;
  const patterns = new HostPatterns(hosts);
  return {
    passes(request) {
      const referrer = request.fields.get(FieldId.referer);
      if (referrer === undefined || referrer === '') return allowEmpty;
      const host = hostOf(referrer);
      if (host === undefined) return false;
      if (sameHost && host.toLowerCase() === request.host().toLowerCase()) return true;
      return patterns.has(host);
    },
  };
}

/** The host of an absolute address; what a firewall has cut down to something else has none. */
function hostOf(referrer: string): string | undefined {
  return /^https?:\/\/(?:[^/?#@]*@)?(\[[0-9a-f:.]+\]|[^/?#:@[\]]+)(?::[0-9]*)?(?:[/?#]|$)/i.exec(
    referrer,
  )?.[1];
}

/**
 * Who may purge by the method PURGE: who has the token, or comes from a network of the settings by himself.
 *
 * An address says nothing of a request that came through a proxy on that machine, nor of one that a web page there
 * made a browser send; both say so in their fields, and need the token.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Networks, parseNetwork } from '../../core/base/index.ts';
import type { Exchange } from '../../core/http/index.ts';
import { FieldId, type Fields } from '../../core/wire/index.ts';
import type { PurgeSettings } from './purge-fields.ts';

export type PurgeRight = 'token' | 'network' | 'no-token' | 'wrong-token' | 'forbidden';

/** Fields that proxies add, and that browsers add for pages. */
const OTHERS: readonly FieldId[] = [
  FieldId.forwarded,
  FieldId.xForwardedFor,
  FieldId.xRealIp,
  FieldId.via,
  FieldId.origin,
];

export class PurgeAccess {
  private settings: PurgeSettings | null = null;
  private networks = new Networks([]);

  rightOf({ request: { fields }, client }: Exchange, settings: PurgeSettings): PurgeRight {
    const token = settings.token?.reveal();
    const given = tokenOf(fields);
    if (given !== undefined) {
      return token !== undefined && isSame(given, token) ? 'token' : 'wrong-token';
    }
    this.take(settings);
    const isHere = this.networks.contains(client.remoteAddress);
    if (isHere && !OTHERS.some((id) => fields.has(id))) return 'network';
    return token === undefined ? 'forbidden' : 'no-token';
  }

  private take(settings: PurgeSettings): void {
    if (settings === this.settings) return;
    this.settings = settings;
    this.networks = new Networks(
      settings.networks.flatMap((text) => {
        const parsed = parseNetwork(text);
        return parsed.kind === 'network' ? [parsed.network] : [];
      }),
    );
  }
}

/** RFC 6750 section 2.1; what is no token counts as a wrong one. */
function tokenOf(fields: Fields): string | undefined {
  const value = fields.get(FieldId.authorization);
  if (value === undefined) return undefined;
  return /^Bearer +([\w~+/.-]+=*) *$/i.exec(value)?.[1] ?? '';
}

/** In a time that tells nothing of where they differ, nor of their lengths. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

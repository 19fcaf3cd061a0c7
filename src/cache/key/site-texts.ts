/**
 * The beginnings of keys, `https://example.com:8443`, which requests for one site have in common: kept as texts, so
 * that most keys cost one text to make.
 *
 * RFC 9110 section 4.2.3: host in small letters, no default port. Bounded: a slot holds the last site that fell
 * into it. Hot: bench/cache-key.ts.
 */
import { equalBytes, hashBytes, ownCopy } from '../../core/base/index.ts';
import { NO_PORT, offsetIn, type RequestHead } from '../../core/wire/index.ts';

const SLOTS = 256;

interface Site {
  readonly authority: Buffer;
  readonly encrypted: boolean;
  readonly text: string;
}

export class SiteTexts {
  private readonly slots: (Site | undefined)[] = new Array(SLOTS).fill(undefined);

  of(request: RequestHead, encrypted: boolean): string {
    const { authorityStart, authorityLength } = request;
    const from = request.fields.bytesAt(authorityStart);
    const start = offsetIn(authorityStart);
    const slot = hashBytes(from, start, authorityLength, encrypted ? 1 : 0) & (SLOTS - 1);
    const site = this.slots[slot];
    if (
      site !== undefined &&
      site.encrypted === encrypted &&
      site.authority.length === authorityLength &&
      equalBytes(site.authority, 0, from, start, authorityLength)
    ) {
      return site.text;
    }
    const text = siteOf(request.host(), request.port, encrypted);
    const authority = ownCopy(from.subarray(start, start + authorityLength));
    this.slots[slot] = { authority, encrypted, text };
    return text;
  }
}

function siteOf(host: string, port: number, encrypted: boolean): string {
  const scheme = encrypted ? 'https' : 'http';
  const isDefault = port === NO_PORT || port === (encrypted ? 443 : 80);
  return `${scheme}://${host.toLowerCase()}${isDefault ? '' : `:${port}`}`;
}

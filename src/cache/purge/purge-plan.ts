/**
 * What an operator asks to purge, made into purges of the ledger: URLs and beginnings of them in the form that each
 * key rule gives them, with the scheme that is named or with both.
 */
import { KEY_BYTES_MAX, type KeyMaker } from '../key/index.ts';
import type { Purge, PurgeKind } from './purge.ts';
import { hostOfUrl } from './purge-ledger.ts';
import { TAG_LENGTH_MAX } from './tags.ts';

/** What is asked for, as people write it. */
export interface PurgeAsked {
  readonly kind: PurgeKind;
  /**
   * `https://example.com/a`, or `example.com/a` for both schemes; a tag as fields have it (`tagOfText`); empty for
   * `all`.
   */
  readonly value: string;
  readonly soft: boolean;
}

/** The purges, each once; a text says what is wrong. */
export function planPurge(
  asked: PurgeAsked,
  makers: readonly KeyMaker[],
): readonly Purge[] | string {
  const { kind, value, soft } = asked;
  switch (kind) {
    case 'url':
    case 'prefix':
      return planUrls(asked, makers);
    case 'host': {
      const host = hostOf(value, makers);
      return host === undefined
        ? `${JSON.stringify(value)} is no host; wanted a name or an address, without a port`
        : [{ kind, value: host, soft }];
    }
    case 'tag': {
      const tag = value.trim();
      return tag === '' || tag.length > TAG_LENGTH_MAX
        ? `a tag has 1 to ${TAG_LENGTH_MAX} bytes`
        : [{ kind, value: tag, soft }];
    }
    case 'all':
      return [{ kind, value: '', soft }];
  }
}

function planUrls(
  { kind, value, soft }: PurgeAsked,
  makers: readonly KeyMaker[],
): readonly Purge[] | string {
  const texts = /^[a-z]+:\/\//i.test(value) ? [value] : [`https://${value}`, `http://${value}`];
  const forms = new Set<string>();
  for (const text of texts) {
    for (const maker of makers) {
      const form = kind === 'url' ? maker.keyedUrl(text) : maker.keyedPrefix(text);
      if (form === undefined) {
        return kind === 'url'
          ? `${JSON.stringify(value)} is no absolute URL of http or https`
          : `${JSON.stringify(value)} is no beginning of a URL, without a query`;
      }
      if (form.length > KEY_BYTES_MAX) return 'it is longer than any key: nothing of it is stored';
      forms.add(form);
    }
  }
  return [...forms].map((form) => ({ kind, value: form, soft }));
}

/** The host as keys have it. */
function hostOf(value: string, makers: readonly KeyMaker[]): string | undefined {
  if (/[/?]/.test(value)) return undefined;
  const [maker] = makers;
  const url = maker?.keyedUrl(`http://${value}/`);
  if (url === undefined) return undefined;
  const host = hostOfUrl(url);
  // With a port, or with the default one that the form has dropped.
  return host === value.toLowerCase().replace(/\.$/, '') ? host : undefined;
}

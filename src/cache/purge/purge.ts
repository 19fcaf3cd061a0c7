/** What can be purged, and how a purge is written to the log that outlives the process: docs/formats/cache-purge.md. */

/** Numbers are those of the format and never change their meaning. */
const KINDS = ['url', 'prefix', 'host', 'tag', 'all'] as const;
export type PurgeKind = (typeof KINDS)[number];

export interface Purge {
  readonly kind: PurgeKind;
  /**
   * `url`: the URL of the keys, as the key rule makes it. `prefix`: the beginning of such URLs, with the whole site.
   * `host`: in small letters, without a port. `tag`: as servers name it. `all`: empty.
   */
  readonly value: string;
  /** What it names becomes stale instead of being forgotten. */
  readonly soft: boolean;
}

/** What purges say of something that was stored: forget it, or it is stale. */
export type PurgeVerdict = 'hard' | 'soft';

const VERSION = 1;
const HEAD_BYTES = 3;

export function encodePurge({ kind, value, soft }: Purge): Buffer {
  const text = Buffer.from(value, 'utf8');
  return Buffer.concat([Buffer.of(VERSION, KINDS.indexOf(kind), soft ? 1 : 0), text]);
}

/** Undefined: the bytes are no purge, or one of a later version. */
export function decodePurge(bytes: Buffer): Purge | undefined {
  const kind = KINDS[bytes[1] ?? KINDS.length];
  const soft = bytes[2];
  if (bytes[0] !== VERSION || kind === undefined || soft === undefined || soft > 1)
    return undefined;
  return { kind, value: bytes.toString('utf8', HEAD_BYTES), soft: soft === 1 };
}

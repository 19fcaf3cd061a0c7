/**
 * Sizes and durations as people write them, and back.
 *
 * Sizes follow Redis' convention, which its users have in their fingers: `k`, `m`, `g`, `t` are powers of
 * 1000, `kb`, `mb`, `gb`, `tb` (and `kib` ...) powers of 1024. Durations need a unit: a bare 10 has been
 * read as seconds and as milliseconds in too many files.
 */

const SIZE = /^(\d+(?:\.\d+)?)\s*(b|k|kb|kib|m|mb|mib|g|gb|gib|t|tb|tib)?$/i;
const DURATION_PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;

const SIZE_UNITS: Readonly<Record<string, number>> = {
  b: 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  kb: 2 ** 10,
  mb: 2 ** 20,
  gb: 2 ** 30,
  tb: 2 ** 40,
};

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Bytes of `64mb`, `1.5gb`, `100`; undefined when it is no size or no whole number of bytes. */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text.trim());
  if (match === null) return undefined;
  const unit = (match[2] ?? 'b').toLowerCase().replace('ib', 'b');
  const bytes = Number(match[1]) * (SIZE_UNITS[unit] ?? 1);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The shortest exact writing of a number of bytes: `64mb`, `1500`, `0`. */
export function formatSize(bytes: number): string {
  for (const unit of ['tb', 'gb', 'mb', 'kb']) {
    const factor = SIZE_UNITS[unit] as number;
    if (bytes > 0 && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}

/** Milliseconds of `500ms`, `1m30s`, `2h`, and of a bare 0; undefined when it is no duration. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === '0') return 0;
  if (!DURATION.test(trimmed)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of trimmed.matchAll(DURATION_PART)) {
    ms += Number(amount) * (DURATION_UNITS_MS[unit as string] as number);
  }
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/** The writing of a duration in its largest exact unit: `10s`, `1500ms`, `0`. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's']) {
    const factor = DURATION_UNITS_MS[unit] as number;
    if (ms > 0 && ms % factor === 0) return `${ms / factor}${unit}`;
  }
  return ms === 0 ? '0' : `${ms}ms`;
}

/** Settings of compression, of a rule of the cache and of the threads that do it. */
import { choice, flag, integer, list, size, text, type ValuesOf } from '../../core/config/index.ts';
import type { Coding } from '../policy/index.ts';

const reloadable = true;

/** The codings that are made, the first one preferred where a client takes several alike. */
const MADE_CODINGS = ['br', 'zstd', 'gzip'] as const;
export type MadeCoding = (typeof MADE_CODINGS)[number] & Coding;

/** Of a rule: `compression: group('...', compressionFields)`. */
export const compressionFields = {
  enabled: flag({
    default: false,
    about: 'Compress what is stored, once, and serve what Accept-Encoding asks for.',
    change: 'Turn it on where servers send text as it is.',
    reloadable,
  }),
  codings: list(choice(MADE_CODINGS, { default: 'br', about: 'A coding.', reloadable }), {
    default: MADE_CODINGS,
    max: MADE_CODINGS.length,
    about: 'Codings that are made, the one preferred first.',
    reloadable,
  }),
  types: list(text({ default: '', about: 'A content type.', max: 100, reloadable }), {
    default: [],
    max: 100,
    about:
      'Content types that are compressed beside text and its kin; `image/*` for all of a kind.',
    reloadable,
  }),
  minBytes: size({
    default: 1024,
    min: 64,
    about: 'Shorter bodies are left as they are: they fit into one packet anyway.',
    reloadable,
  }),
  maxBytes: size({
    default: 8 * 1024 * 1024,
    max: 256 * 1024 * 1024,
    about: 'Longer bodies are left as they are, and no body is decoded to more.',
    reloadable,
  }),
  brotliLevel: integer({ default: 5, max: 11, about: 'Quality of br.', reloadable }),
  zstdLevel: integer({
    default: 9,
    min: 1,
    // RFC 9659 section 3: levels behind would use windows that clients need not take.
    max: 19,
    about: 'Level of zstd.',
    reloadable,
  }),
  gzipLevel: integer({ default: 6, min: 1, max: 9, about: 'Level of gzip.', reloadable }),
  secretFields: list(text({ default: '', about: 'Name of a field.', max: 100, reloadable }), {
    default: ['Set-Cookie'],
    max: 100,
    about:
      'A response with one of these fields holds a secret, whose letters the length of a compressed page gives away (BREACH), and is left as it is.',
    reloadable,
  }),
} as const;

export type CompressionSettings = ValuesOf<typeof compressionFields>;

export const DEFAULT_COMPRESSION: CompressionSettings = {
  enabled: compressionFields.enabled.default,
  codings: compressionFields.codings.default,
  types: compressionFields.types.default,
  minBytes: compressionFields.minBytes.default,
  maxBytes: compressionFields.maxBytes.default,
  brotliLevel: compressionFields.brotliLevel.default,
  zstdLevel: compressionFields.zstdLevel.default,
  gzipLevel: compressionFields.gzipLevel.default,
  secretFields: compressionFields.secretFields.default,
};

/** Of the system: the threads that all rules share. */
export const compressorFields = {
  threads: integer({
    default: 1,
    min: 1,
    max: 16,
    about: 'Threads that compress.',
    change: 'Raise it when cores are idle and compression is often left out.',
  }),
  queueMax: integer({
    default: 64,
    min: 1,
    max: 10_000,
    about: 'Bodies that wait for one; more are served as they are.',
  }),
  waitingMaxBytes: size({
    default: 64 * 1024 * 1024,
    min: 1024 * 1024,
    about: 'Bytes of the bodies that wait.',
  }),
} as const;

export type CompressorSettings = ValuesOf<typeof compressorFields>;

export const DEFAULT_COMPRESSOR: CompressorSettings = {
  threads: compressorFields.threads.default,
  queueMax: compressorFields.queueMax.default,
  waitingMaxBytes: compressorFields.waitingMaxBytes.default,
};

export function levelOf(rule: CompressionSettings, coding: MadeCoding): number {
  if (coding === 'br') return rule.brotliLevel;
  return coding === 'zstd' ? rule.zstdLevel : rule.gzipLevel;
}

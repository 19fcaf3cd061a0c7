/**
 * Sorted-set scores as text, the way ziplists, listpacks and the oldest zset
 * type hold them. Any spelling C's strtod takes in decimal is read; the shortest
 * spelling that reads back to the same double is written. NaN is never a score.
 */

import { badFormat } from './fault.ts';

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const INFINITY = /^[+-]?inf(?:inity)?$/i;

/** Longest spelling looked at; "%.17g" needs 24 bytes, Redis' own buffers hold 128. */
const SCORE_TEXT_BYTES_MAX = 128;

/** Reads a score. Stops the reader (bad format) when it is no number. */
export function parseScore(bytes: Buffer): number {
  if (bytes.length > SCORE_TEXT_BYTES_MAX) badFormat('score text too long');
  const text = bytes.toString('latin1');
  if (DECIMAL.test(text)) return Number(text);
  if (INFINITY.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return badFormat('score is not a number');
}

/** Writes a score that is not an integer of its own (those are stored as integers). */
export function formatScore(score: number): string {
  if (score === Infinity) return 'inf';
  if (score === -Infinity) return '-inf';
  return Object.is(score, -0) ? '-0' : String(score);
}

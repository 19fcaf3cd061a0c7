/**
 * A section of INFO: fields in order. Names and units are Redis', since dashboards and libraries read
 * them; a field that has no meaning here has the value of a Redis that does not do it (0, no).
 */
import type { Engine } from '../engine/engine.ts';

export type Fields = readonly (readonly [name: string, value: string | number])[];

export interface InfoSection {
  readonly name: string;
  readonly title: string;
  /** Part of INFO without arguments. */
  readonly isDefault: boolean;
  fields(engine: Engine): Fields;
}

/** Bytes for people, as Redis prints them: `1.30M`. */
export function human(bytes: number): string {
  if (bytes < 1024) return `${Math.floor(bytes)}B`;
  const units = ['K', 'M', 'G', 'T', 'P'];
  let value = bytes;
  let unit = '';
  for (const next of units) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return `${value.toFixed(2)}${unit}`;
}

/** Whole seconds of milliseconds; -1 stays -1. */
export function seconds(ms: number): number {
  return ms < 0 ? -1 : Math.floor(ms / 1000);
}

export function flag(on: boolean): number {
  return on ? 1 : 0;
}

/** A share in percent with two digits; of nothing it is nothing. */
export function percent(part: number, whole: number): string {
  return `${(whole === 0 ? 0 : (part / whole) * 100).toFixed(2)}%`;
}

export function ratio(a: number, b: number): string {
  return (b === 0 ? 0 : a / b).toFixed(2);
}

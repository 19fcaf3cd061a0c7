/**
 * Domain names (RFC 1035 section 3.1).
 *
 * A name is kept as its wire form without compression, one character an octet, the empty label of the root at
 * its end: `\x03www\x07example\x03com\x00`. So every name there can be has one form, labels are found
 * without a search, and no dot within a label is taken for one between two. Comparison disregards the
 * case of ASCII letters (RFC 4343): keys are made by `foldName`.
 */
import { HEADER_BYTES, LABEL_BYTES_MAX, NAME_BYTES_MAX } from './constants.ts';

export type DnsName = string;

export const ROOT: DnsName = '\0';

/**
 * @param text as in a zone file (RFC 1035 section 5.1): `www.example.com.`, `\.` and `\046` for octets, `@` the origin.
 * @param origin stands behind a name without a dot at its end; default: the root.
 * @returns null when it is no name.
 */
export function nameOf(text: string, origin: DnsName = ROOT): DnsName | null {
  if (text === '@') return origin;
  if (text === '.') return ROOT;
  let name = '';
  let label = '';
  let at = 0;
  while (at < text.length) {
    const letter = text[at]!;
    if (letter === '.') {
      if (label === '') return null;
      name += String.fromCharCode(label.length) + label;
      label = '';
      at++;
      continue;
    }
    const octet = letter === '\\' ? escaped(text, at + 1) : { letter, next: at + 1 };
    if (octet === null || octet.letter.charCodeAt(0) > 0xff) return null;
    label += octet.letter;
    if (label.length > LABEL_BYTES_MAX) return null;
    at = octet.next;
  }
  const relative = label !== '';
  if (relative) name += String.fromCharCode(label.length) + label;
  if (name === '') return null;
  name += relative ? origin : ROOT;
  return name.length > NAME_BYTES_MAX ? null : name;
}

/** The text of a name, without the dot at its end but for the root. */
export function nameText(name: DnsName): string {
  if (name === ROOT) return '.';
  let text = '';
  for (let at = 0; name.charCodeAt(at) !== 0; ) {
    const length = name.charCodeAt(at++);
    if (text !== '') text += '.';
    for (const end = at + length; at < end; at++) text += shown(name[at]!);
  }
  return text;
}

/** Lengths of labels are below the letters, so that the whole form may be lowered. */
export function foldName(name: DnsName): DnsName {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** The name without its first label; the root of the root. */
export function parentOf(name: DnsName): DnsName {
  return name === ROOT ? ROOT : name.slice(1 + name.charCodeAt(0));
}

/** Whether a name is another or below it. Both lower. */
export function isWithin(name: DnsName, zone: DnsName): boolean {
  if (!name.endsWith(zone)) return false;
  const start = name.length - zone.length;
  let at = 0;
  while (at < start) at += 1 + name.charCodeAt(at);
  return at === start;
}

/** A name in a message and where it ends. */
export interface NameRead {
  readonly name: DnsName;
  readonly next: number;
}

/**
 * Reads a name that may be compressed (RFC 1035 section 4.1.4). Each pointer must point before all that was read of the
 * name, so that reading ends. @returns null when it is malformed or goes beyond `end`.
 */
export function readName(bytes: Uint8Array, start: number, end: number): NameRead | null {
  let name = '';
  let next = -1;
  let at = start;
  let before = start;
  for (;;) {
    if (at >= end) return null;
    const length = bytes[at]!;
    if (length === 0) {
      name += ROOT;
      return name.length > NAME_BYTES_MAX ? null : { name, next: next < 0 ? at + 1 : next };
    }
    if (length >= 0xc0) {
      if (at + 1 >= end) return null;
      const target = ((length & 0x3f) << 8) | bytes[at + 1]!;
      if (target < HEADER_BYTES || target >= before) return null;
      if (next < 0) next = at + 2;
      before = target;
      at = target;
      continue;
    }
    if (length > LABEL_BYTES_MAX || at + 1 + length > end) return null;
    for (let index = at; index <= at + length; index++) name += String.fromCharCode(bytes[index]!);
    if (name.length >= NAME_BYTES_MAX) return null;
    at += 1 + length;
  }
}

function escaped(text: string, at: number): { letter: string; next: number } | null {
  const digits = /^[0-9]{3}/.exec(text.slice(at, at + 3))?.[0];
  if (digits !== undefined) {
    const octet = Number(digits);
    return octet > 0xff ? null : { letter: String.fromCharCode(octet), next: at + 3 };
  }
  const letter = text[at];
  if (letter === undefined || (letter >= '0' && letter <= '9')) return null;
  return { letter, next: at + 1 };
}

function shown(letter: string): string {
  if (/[.\\;"()@$]/.test(letter)) return `\\${letter}`;
  const octet = letter.charCodeAt(0);
  return octet > 0x20 && octet < 0x7f ? letter : `\\${`${octet}`.padStart(3, '0')}`;
}

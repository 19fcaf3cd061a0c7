/** What may stand in the name and in the value of a field (RFC 9110 sections 5.1 and 5.5), and how text becomes bytes there. */
import { HT, SP, TOKEN, VALUE_BYTE } from './grammar.ts';

const TEXT_LOOP_MAX = 24;

/** Whether all of it may stand in a field's value, without blanks at its ends. */
export function isValue(value: Buffer | string): boolean {
  const { length } = value;
  if (length === 0) return true;
  if (typeof value === 'string') {
    if (isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(length - 1))) return false;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      // Above 0xff a character would be cut to its low byte: U+010A would become LF.
      if (code > 0xff || VALUE_BYTE[code] === 0) return false;
    }
    return true;
  }
  if (isBlank(value[0]!) || isBlank(value[length - 1]!)) return false;
  for (let i = 0; i < length; i++) if (VALUE_BYTE[value[i]!] === 0) return false;
  return true;
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === HT;
}

/** Whether it may be the name of a field. */
export function isToken(name: Buffer): boolean {
  for (let i = 0; i < name.length; i++) if (TOKEN[name[i]!] === 0) return false;
  return true;
}

/** Short strings are written by a loop: the native call costs more than they are long. */
export function writeText(to: Buffer, at: number, text: string): void {
  if (text.length > TEXT_LOOP_MAX) {
    to.write(text, at, text.length, 'latin1');
    return;
  }
  for (let i = 0; i < text.length; i++) to[at + i] = text.charCodeAt(i);
}

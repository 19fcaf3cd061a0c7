/** Splits a line of ACL rules into words, with quotes as in inline commands; undefined when they are broken. */
import { splitInline } from '../../core/wire/index.ts';

export function splitRules(line: string): string[] | undefined {
  const bytes = Buffer.from(line, 'latin1');
  return splitInline(bytes, 0, bytes.length);
}

/** Whether text holds white space or zero bytes, which names and patterns may not. */
export function hasSpaces(text: string): boolean {
  return /[ \t\n\v\f\r\0]/.test(text);
}

/**
 * Text of the network as a JSON string (RFC 8259 section 7) of ASCII alone. Text is latin1 as it was received, a
 * character a byte: bytes from 0x7f on become \u007f to \u00ff, so that the bytes can be told from the line.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be escaped.
const ESCAPED = /["\\\x00-\x1f\x7f-\uffff]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
const EACH_ESCAPED = /["\\\x00-\x1f\x7f-\uffff]/g;

export function jsonText(text: string): string {
  return ESCAPED.test(text) ? `"${text.replace(EACH_ESCAPED, escaped)}"` : `"${text}"`;
}

function escaped(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

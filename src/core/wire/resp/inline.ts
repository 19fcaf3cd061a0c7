/**
 * Words of an inline request, with the quoting of Redis' `sdssplitargs`: "..." with \n \r \t \b \a
 * \xHH escapes, '...' with \' only; a closing quote ends its word.
 */

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' };
const SPACE = /[ \n\r\t\v\f\0]/;

/** Splits `buf[start, end)`; undefined when quotes are not balanced. Words are latin1 strings. */
export function splitInline(buf: Buffer, start: number, end: number): string[] | undefined {
  const text = buf.toString('latin1', start, end);
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && SPACE.test(text[at]!)) at++;
    if (at >= text.length) return words;
    let word = '';
    while (at < text.length && !SPACE.test(text[at]!)) {
      const char = text[at]!;
      if (char !== '"' && char !== "'") {
        word += char;
        at++;
        continue;
      }
      const quoted = char === '"' ? readDouble(text, at + 1) : readSingle(text, at + 1);
      if (quoted === undefined) return undefined;
      word += quoted.value;
      at = quoted.next;
      if (at < text.length && !SPACE.test(text[at]!)) return undefined;
      break;
    }
    words.push(word);
  }
}

interface Quoted {
  value: string;
  /** Index behind the closing quote. */
  next: number;
}

function readDouble(text: string, from: number): Quoted | undefined {
  let value = '';
  for (let at = from; at < text.length; at++) {
    const char = text[at]!;
    if (char === '"') return { value, next: at + 1 };
    if (char !== '\\' || at + 1 === text.length) {
      value += char;
      continue;
    }
    const hex = /^x([0-9a-fA-F]{2})/.exec(text.slice(at + 1, at + 4));
    if (hex !== null) {
      value += String.fromCharCode(Number.parseInt(hex[1]!, 16));
      at += 3;
    } else {
      at++;
      value += ESCAPES[text[at]!] ?? text[at]!;
    }
  }
  return undefined;
}

function readSingle(text: string, from: number): Quoted | undefined {
  let value = '';
  for (let at = from; at < text.length; at++) {
    if (text[at] === "'") return { value, next: at + 1 };
    if (text[at] === '\\' && text[at + 1] === "'") at++;
    value += text[at]!;
  }
  return undefined;
}

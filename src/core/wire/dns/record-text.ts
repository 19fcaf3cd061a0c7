/**
 * The data of records as text, as zone files have it (RFC 1035 section 5.1): `10 mail.example.com.`,
 * `"v=spf1 -all"`, `1 . alpn=h2,h3`. Types without a form here are written `\# 4 c0000201` (RFC 3597 section 5).
 */
import { parseIp } from '../../base/index.ts';
import { recordTypes, typeOf } from './constants.ts';
import { type DnsName, nameOf, nameText } from './name.ts';
import type { RecordData } from './record-data.ts';
import { parseServiceParams, serviceParamText } from './service-params.ts';

/** A word of a line, and whether it stood in quotes. */
interface Word {
  readonly text: string;
  readonly quoted: boolean;
}

/**
 * Parts a line at blanks, but not within quotes; in quotes `\"` and `\034` are octets, elsewhere they stay for names.
 * @returns null when a quote is not closed or follows a word directly.
 */
export function lineWords(line: string): Word[] | null {
  const words: Word[] = [];
  let at = 0;
  for (;;) {
    while (line[at] === ' ' || line[at] === '\t') at++;
    if (at >= line.length) return words;
    const quoted = line[at] === '"';
    let text = '';
    if (quoted) at++;
    for (;;) {
      const letter = line[at];
      if (letter === undefined) {
        if (quoted) return null;
        break;
      }
      if (quoted ? letter === '"' : letter === ' ' || letter === '\t') break;
      if (letter !== '\\') {
        // `alpn="h2,h3"`: quotes within a word only bind it together.
        text += letter === '"' ? '' : letter;
        at++;
        continue;
      }
      const digits = /^[0-9]{3}/.exec(line.slice(at + 1))?.[0];
      const raw = line.slice(at, at + (digits === undefined ? 2 : 4));
      if (raw.length < 2) return null;
      text += quoted
        ? String.fromCharCode(digits === undefined ? raw.charCodeAt(1) : +digits)
        : raw;
      at += raw.length;
    }
    if (quoted) at++;
    if (quoted && at < line.length && line[at] !== ' ' && line[at] !== '\t') return null;
    words.push({ text, quoted });
  }
}

/**
 * @param type its name, in any case.
 * @param words what follows it.
 * @param origin what names without a dot at their end stand in.
 * @returns null when they are no data of this type.
 */
export function parseRecordData(
  type: string,
  words: readonly Word[],
  origin: DnsName,
): RecordData | null {
  const texts = words.map(({ text }) => text);
  const [first = '', second = '', third = '', fourth = ''] = texts;
  const name = (text: string): DnsName | null => (text === '' ? null : nameOf(text, origin));
  const upper = type.toUpperCase();
  switch (upper) {
    case 'A':
    case 'AAAA': {
      const bytes = texts.length === 1 ? parseIp(first) : null;
      return bytes?.length === (upper === 'A' ? 4 : 16) ? { type: upper, address: first } : null;
    }
    case 'NS':
    case 'CNAME':
    case 'PTR': {
      const target = texts.length === 1 ? name(first) : null;
      return target === null ? null : { type: upper, target };
    }
    case 'MX': {
      const target = texts.length === 2 ? name(second) : null;
      const preference = number(first, 0xffff);
      return target === null || preference === null ? null : { type: upper, preference, target };
    }
    case 'SRV': {
      const [priority, weight, port] = [first, second, third].map((each) => number(each, 0xffff));
      const target = texts.length === 4 ? name(fourth) : null;
      if (priority == null || weight == null || port == null || target === null) return null;
      return { type: upper, priority, weight, port, target };
    }
    case 'TXT': {
      const octets = words.map(plainText);
      return octets.length > 0 && octets.every(isText) ? { type: upper, texts: octets } : null;
    }
    case 'CAA': {
      const flags = number(first, 0xff);
      const value = texts.length === 3 ? plainText(words[2]!) : null;
      const fits = /^[A-Za-z0-9]{1,255}$/.test(second) && value !== null && isOctets(value);
      return fits && flags !== null ? { type: upper, flags, tag: second, value } : null;
    }
    case 'SVCB':
    case 'HTTPS': {
      const priority = number(first, 0xffff);
      const target = name(second);
      const params = parseServiceParams(texts.slice(2));
      if (priority === null || target === null || params === null) return null;
      const fits = priority > 0 || params.length === 0;
      return fits ? { type: upper, priority, target, params } : null;
    }
    default:
      return parseOpaque(upper, texts);
  }
}

/** @returns the text that `parseRecordData` reads. */
export function recordDataText(data: RecordData): string {
  const name = (target: DnsName): string => {
    const text = nameText(target);
    return text === '.' ? text : `${text}.`;
  };
  switch (data.type) {
    case 'A':
    case 'AAAA':
      return data.address;
    case 'NS':
    case 'CNAME':
    case 'PTR':
      return name(data.target);
    case 'MX':
      return `${data.preference} ${name(data.target)}`;
    case 'SRV':
      return `${data.priority} ${data.weight} ${data.port} ${name(data.target)}`;
    case 'TXT':
      return data.texts.map(quotedText).join(' ');
    case 'HINFO':
      return `${quotedText(data.cpu)} ${quotedText(data.os)}`;
    case 'CAA':
      return `${data.flags} ${data.tag} ${quotedText(data.value)}`;
    case 'SOA': {
      const { serial, refreshSeconds, retrySeconds, expireSeconds, negativeSeconds } = data;
      const numbers = [serial, refreshSeconds, retrySeconds, expireSeconds, negativeSeconds];
      return `${name(data.primary)} ${name(data.contact)} ${numbers.join(' ')}`;
    }
    case 'SVCB':
    case 'HTTPS':
      return [data.priority, name(data.target), ...data.params.map(serviceParamText)].join(' ');
    default:
      return `\\# ${data.bytes.length} ${data.bytes.toString('hex')}`.trimEnd();
  }
}

/** RFC 3597 section 5, for types that have no form of their own. */
function parseOpaque(type: string, [mark, length, ...hex]: readonly string[]): RecordData | null {
  const known = typeOf(type);
  if (known === undefined || Object.hasOwn(recordTypes, type) || mark !== '\\#') return null;
  const digits = hex.join('');
  const bytes = Buffer.from(digits, 'hex');
  const fits = /^([0-9a-fA-F]{2})*$/.test(digits) && number(length ?? '', 0xffff) === bytes.length;
  return fits ? { type: known, bytes } : null;
}

function number(text: string, max: number): number | null {
  return /^(0|[1-9][0-9]{0,9})$/.test(text) && Number(text) <= max ? Number(text) : null;
}

/** The octets that a word stands for. */
function plainText({ text, quoted }: Word): string {
  if (quoted) return text;
  return text.replace(/\\([0-9]{3}|.)/gs, (_raw, octet: string) =>
    octet.length === 3 ? String.fromCharCode(Number(octet)) : octet,
  );
}

function isText(text: string): boolean {
  return text.length <= 255 && isOctets(text);
}

function isOctets(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0xff) return false;
  return true;
}

function quotedText(text: string): string {
  const letters = [...text].map((letter) => {
    if (letter === '"' || letter === '\\') return `\\${letter}`;
    const octet = letter.charCodeAt(0);
    return octet >= 0x20 && octet < 0x7f ? letter : `\\${`${octet}`.padStart(3, '0')}`;
  });
  return `"${letters.join('')}"`;
}

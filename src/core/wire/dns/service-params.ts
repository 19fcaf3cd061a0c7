/**
 * Parameters of SVCB and HTTPS records (RFC 9460): their text and what makes them valid.
 *
 * Text: `alpn=h2,h3 port=8443 ipv4hint=192.0.2.1 no-default-alpn key667=hello`.
 */
import { formatIp, parseIp } from '../../base/index.ts';
import type { ServiceParam } from './record-data.ts';

/** RFC 9460 section 14.3.2. */
export const serviceKeys = {
  mandatory: 0,
  alpn: 1,
  'no-default-alpn': 2,
  port: 3,
  ipv4hint: 4,
  ech: 5,
  ipv6hint: 6,
} as const;

/** 65535 is reserved. */
const keyMax = 65_534;

/** @returns them in order, or null when the words are none or do not go together. */
export function parseServiceParams(words: readonly string[]): ServiceParam[] | null {
  const params: ServiceParam[] = [];
  for (const word of words) {
    const equals = word.indexOf('=');
    const key = keyOf(equals < 0 ? word : word.slice(0, equals));
    const value = key === null ? null : paramValue(key, equals < 0 ? null : word.slice(equals + 1));
    if (key === null || value === null) return null;
    params.push({ key, value });
  }
  params.sort((a, b) => a.key - b.key);
  return areServiceParams(params) ? params : null;
}

export function serviceParamText({ key, value }: ServiceParam): string {
  const name = keyName(key);
  if (key === serviceKeys['no-default-alpn']) return name;
  if (key === serviceKeys.port) return `${name}=${value.readUInt16BE(0)}`;
  if (key === serviceKeys.alpn) {
    return `${name}=${(partsOf(value) ?? []).map((part) => part.toString('latin1')).join(',')}`;
  }
  if (key === serviceKeys.mandatory) {
    const keys: string[] = [];
    for (let at = 0; at < value.length; at += 2) keys.push(keyName(value.readUInt16BE(at)));
    return `${name}=${keys.join(',')}`;
  }
  const bytes = key === serviceKeys.ipv4hint ? 4 : key === serviceKeys.ipv6hint ? 16 : 0;
  if (bytes > 0) return `${name}=${slices(value, bytes).map(formatIp).join(',')}`;
  return `${name}=${key === serviceKeys.ech ? value.toString('base64') : value.toString('latin1')}`;
}

/** Sections 2.2, 7 and 8: order, values, and what `mandatory` names is there. */
export function areServiceParams(params: readonly ServiceParam[]): boolean {
  const inOrder = params.every(({ key }, at) => at === 0 || params[at - 1]!.key < key);
  if (!inOrder || !params.every(isValid)) return false;
  const has = (key: number): boolean => params.some((param) => param.key === key);
  if (has(serviceKeys['no-default-alpn']) && !has(serviceKeys.alpn)) return false;
  const mandatory = params.find(({ key }) => key === serviceKeys.mandatory)?.value;
  return mandatory === undefined || slices(mandatory, 2).every((key) => has(key.readUInt16BE(0)));
}

function isValid({ key, value }: ServiceParam): boolean {
  switch (key) {
    case serviceKeys.mandatory:
      return (
        isList(value, 2) &&
        slices(value, 2).every((each, at, all) => {
          const number = each.readUInt16BE(0);
          return number !== key && (at === 0 || all[at - 1]!.readUInt16BE(0) < number);
        })
      );
    case serviceKeys.alpn:
      return partsOf(value) !== null;
    case serviceKeys['no-default-alpn']:
      return value.length === 0;
    case serviceKeys.port:
      return value.length === 2;
    case serviceKeys.ipv4hint:
      return isList(value, 4);
    case serviceKeys.ipv6hint:
      return isList(value, 16);
    case serviceKeys.ech:
      return value.length > 0;
    default:
      return key <= keyMax;
  }
}

function keyOf(text: string): number | null {
  if (Object.hasOwn(serviceKeys, text)) return serviceKeys[text as keyof typeof serviceKeys];
  const digits = /^key(0|[1-9][0-9]{0,4})$/.exec(text)?.[1];
  return digits === undefined || Number(digits) > keyMax ? null : Number(digits);
}

function keyName(key: number): string {
  for (const [name, number] of Object.entries(serviceKeys)) if (number === key) return name;
  return `key${key}`;
}

function paramValue(key: number, text: string | null): Buffer | null {
  if (text === null) return Buffer.alloc(0);
  const items = text.split(',');
  switch (key) {
    case serviceKeys.mandatory: {
      const keys = items.map(keyOf);
      if (keys.includes(null)) return null;
      return Buffer.concat((keys as number[]).toSorted((a, b) => a - b).map(twoBytes));
    }
    case serviceKeys.alpn: {
      if (items.some((item) => item.length === 0 || item.length > 255)) return null;
      return Buffer.concat(
        items.flatMap((item) => [Buffer.from([item.length]), Buffer.from(item, 'latin1')]),
      );
    }
    case serviceKeys.port:
      return /^[0-9]{1,5}$/.test(text) && Number(text) <= 0xffff ? twoBytes(Number(text)) : null;
    case serviceKeys.ipv4hint:
    case serviceKeys.ipv6hint: {
      const addresses = items.map(parseIp);
      const bytes = key === serviceKeys.ipv4hint ? 4 : 16;
      return addresses.every((each) => each?.length === bytes)
        ? Buffer.concat(addresses as Buffer[])
        : null;
    }
    case serviceKeys.ech:
      return Buffer.from(text, 'base64');
    default:
      return Buffer.from(text, 'latin1');
  }
}

function twoBytes(number: number): Buffer {
  return Buffer.from([number >>> 8, number & 0xff]);
}

/** Texts with their length before them, one at least; null when they do not fit. */
function partsOf(value: Buffer): Buffer[] | null {
  const parts: Buffer[] = [];
  for (let at = 0; at < value.length; ) {
    const length = value[at++]!;
    if (length === 0 || at + length > value.length) return null;
    parts.push(value.subarray(at, at + length));
    at += length;
  }
  return parts.length === 0 ? null : parts;
}

function isList(value: Buffer, bytes: number): boolean {
  return value.length > 0 && value.length % bytes === 0;
}

function slices(value: Buffer, bytes: number): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + bytes <= value.length; at += bytes) {
    found.push(value.subarray(at, at + bytes));
  }
  return found;
}

/**
 * What the lines of requests and of sessions have in common: how they begin, and the names of what means the same.
 *
 *     {"time":...Z,"listener":...,["route":...,]"pool":...,"server":...,"client":...,"clientPort":...
 */
import { ESCAPED_MAX, type LineWriter } from './line-writer.ts';

/** All that a line has beside its texts and names; asked for again behind each name. */
export const FIXED_MAX = 1024;

export const part = (text: string): Buffer => Buffer.from(text, 'latin1');

export const ENDING = part(',"ending":');
export const ATTEMPTS = part(',"attempts":');
export const BYTES_IN = part(',"bytesIn":');
export const BYTES_OUT = part(',"bytesOut":');
export const CONNECT = part(',"connectMs":');
export const FIRST_BYTE = part(',"firstByteMs":');
export const TOTAL = part(',"totalMs":');
export const END = part('}\n');

const TIME = part('{"time":"');
const LISTENER = part('Z","listener":');
const ROUTE = part(',"route":');
const POOL = part(',"pool":');
const SERVER = part(',"server":');
const CLIENT = part(',"client":');
const PORT = part(',"clientPort":');

let second = Number.NaN;
let secondText = part('');

/** @param wallMs when it ended */
export function beginLine(to: LineWriter, wallMs: number, listener: string): void {
  to.room(FIXED_MAX);
  to.put(TIME);
  writeTime(to, wallMs);
  to.put(LISTENER);
  to.name(listener);
  to.room(FIXED_MAX);
}

export function writeRoute(to: LineWriter, route: string): void {
  to.put(ROUTE);
  to.name(route);
  to.room(FIXED_MAX);
}

/** Leaves room for `texts` texts of at most `textMax` bytes, that of the client's address among them. */
export function writeServer(
  to: LineWriter,
  pool: string,
  server: string,
  { texts, textMax }: { readonly texts: number; readonly textMax: number },
): void {
  to.put(POOL);
  to.name(pool);
  to.room(FIXED_MAX);
  to.put(SERVER);
  to.name(server);
  to.room(FIXED_MAX + texts * (textMax * ESCAPED_MAX + 2));
}

export function writeClient(to: LineWriter, address: Buffer, port: number, textMax: number): void {
  to.put(CLIENT);
  to.text(address, 0, Math.min(textMax, address.length));
  to.put(PORT);
  to.number(port);
}

/** RFC 3339 in UTC with milliseconds; the date is made once a second. */
function writeTime(to: LineWriter, wallMs: number): void {
  const now = Math.floor(wallMs / 1000);
  if (now !== second) {
    second = now;
    secondText = part(new Date(now * 1000).toISOString().slice(0, 20));
  }
  to.put(secondText);
  to.thousandths(Math.floor(wallMs - now * 1000));
}

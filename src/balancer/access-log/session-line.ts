/**
 * A session of layer 4 as a line of the access log, written at its end: who, where it went, how much, how long, how
 * it ended. Names are those of the lines of requests wherever they mean the same.
 */
import type { SessionReport } from '../l4/backends.ts';
import { writeTime } from './access-line.ts';
import { ESCAPED_MAX, type LineWriter } from './line-writer.ts';

/** Longer texts are cut, bytes: a name of DNS has 253, the path of a Unix socket 107. */
const TEXT_MAX = 512;
/** All that a line has beside its texts and names. */
const FIXED_MAX = 1024;
const TEXTS = 2;

const part = (text: string): Buffer => Buffer.from(text, 'latin1');
const TIME = part('{"time":"');
const LISTENER = part('Z","listener":');
const POOL = part(',"pool":');
const SERVER = part(',"server":');
const CLIENT = part(',"client":');
const PORT = part(',"clientPort":');
const PLAIN = part(',"tls":false,"protocol":"TCP"');
const TLS = part(',"tls":true,"protocol":"TCP"');
const DATAGRAMS = part(',"tls":false,"protocol":"UDP"');
const SERVER_NAME = part(',"serverName":');
const ENDING = part(',"ending":');
const ATTEMPTS = part(',"attempts":');
const BYTES_IN = part(',"bytesIn":');
const BYTES_OUT = part(',"bytesOut":');
const CONNECT = part(',"connectMs":');
const FIRST_BYTE = part(',"firstByteMs":');
const TOTAL = part(',"totalMs":');
const END = part('}\n');

/** @param wallMs when it ended */
export function writeSessionLine(
  to: LineWriter,
  listener: string,
  session: SessionReport,
  wallMs: number,
): void {
  const { facts, target, kind } = session;
  to.room(FIXED_MAX);
  to.put(TIME);
  writeTime(to, wallMs);
  to.put(LISTENER);
  to.name(listener);
  to.room(FIXED_MAX);
  to.put(POOL);
  to.name(target?.pool ?? '');
  to.room(FIXED_MAX);
  to.put(SERVER);
  to.name(target?.name ?? '');
  to.room(FIXED_MAX + TEXTS * (TEXT_MAX * ESCAPED_MAX + 2));
  to.put(CLIENT);
  writeText(to, facts.clientAddress);
  to.put(PORT);
  to.number(facts.clientPort);
  to.put(kind === 'datagrams' ? DATAGRAMS : session.encrypted ? TLS : PLAIN);
  to.put(SERVER_NAME);
  writeText(to, facts.serverName);
  to.put(ENDING);
  to.name(session.ending);
  to.room(FIXED_MAX);
  to.put(ATTEMPTS);
  to.number(session.attempts);
  to.put(BYTES_IN);
  to.number(session.bytesUp);
  to.put(BYTES_OUT);
  to.number(session.bytesDown);
  to.put(CONNECT);
  to.duration(kind === 'stream' ? session.latencyMs : Number.NaN);
  to.put(FIRST_BYTE);
  to.duration(kind === 'datagrams' ? session.latencyMs : Number.NaN);
  to.put(TOTAL);
  to.duration(session.totalMs);
  to.put(END);
}

function writeText(to: LineWriter, text: string): void {
  const bytes = part(text);
  to.text(bytes, 0, Math.min(TEXT_MAX, bytes.length));
}

/**
 * A session of layer 4 as a line of the access log, written at its end: who, where it went, how much, how long, how
 * it ended. Names are those of the lines of requests wherever they mean the same.
 */
import type { SessionReport } from '../l4/backends.ts';
import {
  ATTEMPTS,
  BYTES_IN,
  BYTES_OUT,
  beginLine,
  CONNECT,
  END,
  ENDING,
  FIRST_BYTE,
  FIXED_MAX,
  part,
  TOTAL,
  writeClient,
  writeServer,
} from './line-parts.ts';
import type { LineWriter } from './line-writer.ts';

/** Longer texts are cut, bytes: a name of DNS has 253, the path of a Unix socket 107. */
const TEXT_MAX = 512;
const ROOM = { texts: 2, textMax: TEXT_MAX };

const PLAIN = part(',"tls":false,"protocol":"TCP"');
const TLS = part(',"tls":true,"protocol":"TCP"');
const DATAGRAMS = part(',"tls":false,"protocol":"UDP"');
const SERVER_NAME = part(',"serverName":');

/** @param wallMs when it ended */
export function writeSessionLine(
  to: LineWriter,
  listener: string,
  session: SessionReport,
  wallMs: number,
): void {
  const { facts, target, kind } = session;
  beginLine(to, wallMs, listener);
  writeServer(to, target?.pool ?? '', target?.name ?? '', ROOM);
  writeClient(to, part(facts.clientAddress), facts.clientPort, TEXT_MAX);
  to.put(kind === 'datagrams' ? DATAGRAMS : session.encrypted ? TLS : PLAIN);
  to.put(SERVER_NAME);
  const serverName = part(facts.serverName);
  to.text(serverName, 0, Math.min(TEXT_MAX, serverName.length));
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

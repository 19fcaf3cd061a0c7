/**
 * Writes frames (RFC 9113, 6) into an output. Every function appends one whole frame, `writeFrameHead`
 * only its first nine octets.
 */
import { Flag, FRAME_HEAD_BYTES, FrameType } from './constants.ts';
import type { Output } from './output.ts';

/** Writes the head of a frame at `at`; returns the index behind it. */
export function putFrameHead(
  to: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): number {
  to[at] = length >>> 16;
  to[at + 1] = length >>> 8;
  to[at + 2] = length;
  to[at + 3] = type;
  to[at + 4] = flags;
  to[at + 5] = streamId >>> 24;
  to[at + 6] = streamId >>> 16;
  to[at + 7] = streamId >>> 8;
  to[at + 8] = streamId;
  return at + FRAME_HEAD_BYTES;
}

export function putUint32(to: Buffer, at: number, value: number): number {
  to[at] = value >>> 24;
  to[at + 1] = value >>> 16;
  to[at + 2] = value >>> 8;
  to[at + 3] = value;
  return at + 4;
}

/** Appends the head of a frame whose payload the caller appends next. */
export function writeFrameHead(
  output: Output,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  output.reserve(FRAME_HEAD_BYTES);
  output.length = putFrameHead(output.buf, output.length, length, type, flags, streamId);
}

/** DATA without padding (6.1). */
export function writeData(
  output: Output,
  streamId: number,
  from: Buffer,
  start: number,
  length: number,
  end: boolean,
): void {
  output.reserve(FRAME_HEAD_BYTES + length);
  const at = putFrameHead(
    output.buf,
    output.length,
    length,
    FrameType.data,
    end ? Flag.endStream : 0,
    streamId,
  );
  from.copy(output.buf, at, start, start + length);
  output.length = at + length;
}

/** RST_STREAM (6.4). */
export function writeRstStream(output: Output, streamId: number, code: number): void {
  output.reserve(FRAME_HEAD_BYTES + 4);
  const at = putFrameHead(output.buf, output.length, 4, FrameType.rstStream, 0, streamId);
  output.length = putUint32(output.buf, at, code);
}

/** SETTINGS with pairs of id and value (6.5). */
export function writeSettings(output: Output, pairs: readonly (readonly [number, number])[]): void {
  const length = pairs.length * 6;
  output.reserve(FRAME_HEAD_BYTES + length);
  let at = putFrameHead(output.buf, output.length, length, FrameType.settings, 0, 0);
  for (const [id, value] of pairs) {
    output.buf[at] = id >>> 8;
    output.buf[at + 1] = id;
    at = putUint32(output.buf, at + 2, value);
  }
  output.length = at;
}

/** The acknowledgement of SETTINGS (6.5.3). */
export function writeSettingsAck(output: Output): void {
  writeFrameHead(output, 0, FrameType.settings, Flag.ack, 0);
}

/** PING or its acknowledgement with eight octets of `from` (6.7). */
export function writePing(output: Output, ack: boolean, from: Buffer, start: number): void {
  output.reserve(FRAME_HEAD_BYTES + 8);
  const at = putFrameHead(output.buf, output.length, 8, FrameType.ping, ack ? Flag.ack : 0, 0);
  for (let i = 0; i < 8; i++) output.buf[at + i] = from[start + i]!;
  output.length = at + 8;
}

/** GOAWAY with a text for whoever debugs the peer (6.8). */
export function writeGoaway(output: Output, lastId: number, code: number, says: string): void {
  const length = 8 + says.length;
  output.reserve(FRAME_HEAD_BYTES + length);
  let at = putFrameHead(output.buf, output.length, length, FrameType.goaway, 0, 0);
  at = putUint32(output.buf, at, lastId);
  at = putUint32(output.buf, at, code);
  output.buf.write(says, at, 'latin1');
  output.length = at + says.length;
}

/** WINDOW_UPDATE of a stream, or of the connection with 0 (6.9). */
export function writeWindowUpdate(output: Output, streamId: number, increment: number): void {
  output.reserve(FRAME_HEAD_BYTES + 4);
  const at = putFrameHead(output.buf, output.length, 4, FrameType.windowUpdate, 0, streamId);
  output.length = putUint32(output.buf, at, increment);
}

/** Frames of WebSockets as far as tests need them: whole messages of less than 126 bytes. RFC 6455 section 5.2. */
import { createHash } from 'node:crypto';

const BINARY = 0x82;
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Sec-WebSocket-Accept of a Sec-WebSocket-Key. */
export function acceptKey(key: string): string {
  return createHash('sha1').update(`${key}${GUID}`).digest('base64');
}

export function serverFrame(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.of(BINARY, payload.length), payload]);
}

/** A client's frame, masked. */
export function clientFrame(payload: Buffer, mask: number): Buffer {
  const frame = Buffer.allocUnsafe(6 + payload.length);
  frame[0] = BINARY;
  frame[1] = 0x80 | payload.length;
  frame.writeUInt32BE(mask >>> 0, 2);
  for (let i = 0; i < payload.length; i++) frame[6 + i] = payload[i]! ^ frame[2 + (i & 3)]!;
  return frame;
}

/** Gives each whole frame's payload, and returns what is left. @throws when it is no short binary frame */
export function readFrames(bytes: Buffer, onPayload: (payload: Buffer) => void): Buffer {
  let at = 0;
  for (;;) {
    if (bytes.length - at < 2) return bytes.subarray(at);
    const masked = bytes[at + 1]! >= 0x80;
    const length = bytes[at + 1]! & 0x7f;
    if (bytes[at] !== BINARY || length > 125) {
      throw new Error(`this is no frame of ours: ${bytes.toString('hex', at, at + 16)}`);
    }
    const begin = at + (masked ? 6 : 2);
    if (bytes.length < begin + length) return bytes.subarray(at);
    const payload = Buffer.from(bytes.subarray(begin, begin + length));
    if (masked) for (let i = 0; i < length; i++) payload[i]! ^= bytes[at + 2 + (i & 3)]!;
    onPayload(payload);
    at = begin + length;
  }
}

/** Frames of HTTP/2 made by hand, right or wrong, and taken apart again, for tests. */
import { HTTP2_PREFACE } from '../../src/core/wire/index.ts';

export const T = {
  data: 0,
  headers: 1,
  priority: 2,
  rst: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
  priorityUpdate: 16,
} as const;
export const F = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

export function frame(
  type: number,
  flags: number,
  id: number,
  payload: Buffer | string | number = '',
): Buffer {
  const octets =
    typeof payload === 'number'
      ? Buffer.alloc(payload)
      : typeof payload === 'string'
        ? Buffer.from(payload, 'hex')
        : payload;
  const head = Buffer.alloc(9);
  head.writeUIntBE(octets.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, octets]);
}

/** A header block of literals that no table knows. */
export function block(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [
      Buffer.from([0]),
      text(Buffer.from(name, 'latin1')),
      text(Buffer.from(value, 'latin1')),
    ]),
  );
}

function text(octets: Buffer): Buffer {
  if (octets.length < 127) return Buffer.concat([Buffer.from([octets.length]), octets]);
  const head = [127];
  let rest = octets.length - 127;
  for (; rest >= 128; rest >>>= 7) head.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...head, rest]), octets]);
}

/** `:method GET`, `:scheme https`, `:path /` and an authority. */
export const GET: Buffer = Buffer.concat([
  Buffer.from('828784', 'hex'),
  block([[':authority', 'a.example']]),
]);
/** The same with POST. */
export const POST: Buffer = Buffer.concat([
  Buffer.from('838784', 'hex'),
  block([[':authority', 'a.example']]),
]);

export const SETTINGS: Buffer = frame(T.settings, 0, 0);
export const SETTINGS_ACK: Buffer = frame(T.settings, F.ack, 0);
/** What a client says first, and that it has seen our settings. */
export const HELLO: Buffer = Buffer.concat([HTTP2_PREFACE, SETTINGS, SETTINGS_ACK]);

export function get(id: number): Buffer {
  return frame(T.headers, F.endHeaders | F.endStream, id, GET);
}

export function post(id: number): Buffer {
  return frame(T.headers, F.endHeaders, id, POST);
}

export function windowUpdate(id: number, increment: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(increment);
  return frame(T.window, 0, id, payload);
}

export function setting(id: number, value: number): Buffer {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(id);
  payload.writeUInt32BE(value, 2);
  return frame(T.settings, 0, 0, payload);
}

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

/** Whole frames only. */
export function framesOf(octets: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < octets.length; ) {
    const length = octets.readUIntBE(at, 3);
    const payload = octets.subarray(at + 9, at + 9 + length);
    if (payload.length !== length) throw new Error('a frame is cut');
    frames.push({
      type: octets[at + 3] as number,
      flags: octets[at + 4] as number,
      id: octets.readUInt32BE(at + 5),
      payload,
    });
    at += 9 + length;
  }
  return frames;
}

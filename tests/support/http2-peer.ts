/** The frames that came on a connection of a test bed so far, whole ones only. */
import type { Peer } from './http-bed.ts';
import { type Frame, framesOf, T } from './http2-frames.ts';

const PREFACE_BYTES = 24;

/** `preface`: the other end is a client. */
export function framesAt(peer: Peer, preface = false): Frame[] {
  const octets = peer.received.subarray(preface ? PREFACE_BYTES : 0);
  let end = 0;
  while (end + 9 <= octets.length) {
    const next = end + 9 + octets.readUIntBE(end, 3);
    if (next > octets.length) break;
    end = next;
  }
  return framesOf(octets.subarray(0, end));
}

export interface Wanted {
  readonly type: number;
  readonly id?: number;
  readonly flag?: number;
}

export function found(peer: Peer, { type, id, flag = 0 }: Wanted, preface = false): Frame[] {
  return framesAt(peer, preface).filter(
    (each) =>
      each.type === type && (id === undefined || each.id === id) && (each.flags & flag) === flag,
  );
}

/** Waits for so many frames of a kind. */
export async function untilFrame(
  peer: Peer,
  wanted: Wanted,
  count = 1,
  preface = false,
): Promise<Frame> {
  const what = JSON.stringify(wanted);
  await peer.until(() => found(peer, wanted, preface).length >= count, `frame ${what}`);
  return found(peer, wanted, preface)[count - 1] as Frame;
}

/** What the DATA frames of a stream hold. */
export function bodyAt(peer: Peer, id: number, preface = false): Buffer {
  return Buffer.concat(found(peer, { type: T.data, id }, preface).map(({ payload }) => payload));
}

/** Codes of the GOAWAYs. */
export function goaways(peer: Peer): number[] {
  return found(peer, { type: T.goaway }).map(({ payload }) => payload.readUInt32BE(4));
}

/** Codes of the resets of a stream. */
export function resets(peer: Peer, id: number, preface = false): number[] {
  return found(peer, { type: T.rst, id }, preface).map(({ payload }) => payload.readUInt32BE(0));
}

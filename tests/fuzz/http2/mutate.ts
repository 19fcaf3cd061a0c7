/** Spoils a sequence of frames: octets, lengths, flags, streams, order, and frames made up. */
import { HTTP2_PREFACE } from '../../../src/core/wire/index.ts';
import { type Frame, frame, framesOf } from '../../support/http2-frames.ts';
import type { Chance } from '../kv/random.ts';

/** Cuts a recording into the client's preface, if it has one, and frames. */
export function cut(octets: Buffer): { preface: Buffer; frames: Frame[] } {
  const { length } = HTTP2_PREFACE;
  const has = octets.subarray(0, length).equals(HTTP2_PREFACE);
  return {
    preface: has ? octets.subarray(0, length) : Buffer.alloc(0),
    frames: framesOf(octets.subarray(has ? length : 0)),
  };
}

/** The recording with some of its frames spoilt. */
export function mutate(octets: Buffer, chance: Chance): Buffer {
  const { preface, frames } = cut(octets);
  const changes = chance.between(1, 4);
  for (let i = 0; i < changes; i++) change(frames, chance);
  let all = Buffer.concat([preface, ...frames.map((each) => toOctets(each))]);
  if (chance.likely(0.2)) {
    all = Buffer.from(all);
    for (let i = 0; i < chance.between(1, 4); i++) {
      const at = chance.between(0, all.length - 1);
      all[at] = (all[at] as number) ^ (1 << chance.between(0, 7));
    }
  }
  return all;
}

function toOctets({ type, flags, id, payload }: Frame): Buffer {
  return frame(type, flags, id, payload);
}

function change(frames: Frame[], chance: Chance): void {
  if (frames.length === 0) return;
  const at = chance.between(0, frames.length - 1);
  const old = frames[at] as Frame;
  switch (chance.between(0, 9)) {
    case 0:
      frames.splice(at, 1);
      return;
    case 1:
      frames.splice(at, 0, ...Array<Frame>(chance.pick([1, 1, 2, 50, 400])).fill(old));
      return;
    case 2: {
      const other = chance.between(0, frames.length - 1);
      frames[at] = frames[other] as Frame;
      frames[other] = old;
      return;
    }
    case 3:
      frames[at] = { ...old, flags: old.flags ^ (1 << chance.between(0, 7)) };
      return;
    case 4:
      frames[at] = { ...old, id: idOf(old.id, chance) };
      return;
    case 5:
      frames[at] = { ...old, type: chance.pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 200]) };
      return;
    case 6:
      frames[at] = {
        ...old,
        payload: old.payload.subarray(0, chance.between(0, old.payload.length)),
      };
      return;
    case 7: {
      const more = Buffer.alloc(chance.pick([1, 4, 8, 20_000]), chance.between(0, 255));
      frames[at] = { ...old, payload: Buffer.concat([old.payload, more]) };
      return;
    }
    case 8: {
      const payload = Buffer.from(old.payload);
      for (let i = 0; i < chance.between(1, 5) && payload.length > 0; i++) {
        payload[chance.between(0, Math.min(payload.length - 1, 60))] = chance.between(0, 255);
      }
      frames[at] = { ...old, payload };
      return;
    }
    default:
      frames.splice(at, 0, invented(chance));
  }
}

function idOf(old: number, chance: Chance): number {
  return chance.pick([0, 1, 2, 3, old + 1, old + 2, Math.max(old - 2, 0), 0x7fffffff]);
}

function invented(chance: Chance): Frame {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(chance.pick([0, 1, 1000, 65_535, 0x7fffffff, 0xffffffff]));
  const setting = Buffer.concat([Buffer.from([0, chance.between(0, 9)]), number]);
  return {
    type: chance.pick([0, 1, 2, 3, 4, 6, 7, 8, 9, 16]),
    flags: chance.pick([0, 1, 4, 5, 8, 32, 255]),
    id: chance.pick([0, 1, 3, 5, 7, 2]),
    payload: chance.pick([
      number,
      setting,
      Buffer.alloc(8),
      Buffer.alloc(0),
      Buffer.from('82868401', 'hex'),
    ]),
  };
}

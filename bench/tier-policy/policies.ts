/** The policies that are compared, by name. */
import { Lru, S3Fifo, WindowTinyLfu } from './known.ts';
import type { MakePolicy } from './policy.ts';
import {
  LogCounters,
  type LogShape,
  Recency,
  RedisCounters,
  type RedisShape,
  Sampled,
} from './sampled.ts';
import { Shipped } from './shipped.ts';

const redis =
  (shape: RedisShape): MakePolicy =>
  (room) =>
    new Sampled(room, new RedisCounters(room, shape));

const BASIC: LogShape = { octave: 8, halfLife: 10, tickMs: 0, remembered: 0 };
const log =
  (shape: Partial<LogShape>, samples = { samples: 32, leave: 4 }): MakePolicy =>
  (room) =>
    new Sampled(room, new LogCounters(room, { ...BASIC, ...shape }), samples);

export const POLICIES = new Map<string, MakePolicy>([
  ['LRU', (room) => new Lru(room)],
  ['LRU, 32 samples, seconds', (room) => new Sampled(room, new Recency(room, 1000))],
  ['Redis LFU: log factor 10, 1 a minute', redis({ logFactor: 10, minutes: 1 })],
  ['log factor 1, 1 a minute', redis({ logFactor: 1, minutes: 1 })],
  ['log factor 0, 1 a minute', redis({ logFactor: 0, minutes: 1 })],
  ['log factor 1, no decay', redis({ logFactor: 1, minutes: 0 })],
  ['log factor 1, half in 5 minutes', redis({ logFactor: 1, minutes: 5, halves: true })],
  ['log factor 10, all remembered', redis({ logFactor: 10, minutes: 1, remembers: true })],
  ['LRFU, half life 3', log({ halfLife: 3 })],
  ['LRFU, half life 6', log({ halfLife: 6 })],
  ['LRFU, half life 10', log({})],
  ['LRFU, half life 20', log({ halfLife: 20 })],
  ['LRFU 10, ticks of 8 s', log({ tickMs: 8192 })],
  ['LRFU 10, a quarter counted', log({ counted: 0.25 })],
  ['LRFU 10, 4 of 16', log({}, { samples: 16, leave: 4 })],
  ['LRFU 10, 2 of 16', log({}, { samples: 16, leave: 2 })],
  ['LRFU 10, 4 of 64', log({}, { samples: 64, leave: 4 })],
  ['LRFU 10, all remembered', log({ remembered: 1000, tagBits: 16 })],
  ['LRFU 10, 8 bytes remember', log({ remembered: 4, tagBits: 8 })],
  ['LRFU 10, 8 bytes, the greater stays', log({ remembered: 4, tagBits: 8, keeps: 'greater' })],
  ['LRFU 10, 4 bytes remember', log({ remembered: 2, tagBits: 8 })],
  ['LRFU 10, 4 bytes, short', log({ remembered: 4, tagBits: 4, coarse: 8 })],
  ['what ships', (room) => new Sampled(room, new Shipped(room))],
  ['W-TinyLFU', (room) => new WindowTinyLfu(room)],
  ['S3-FIFO', (room) => new S3Fifo(room)],
]);

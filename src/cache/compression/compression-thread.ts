/**
 * The thread of compressor.ts. An order comes with the length of its body, then the body in pieces; when it is whole it
 * is worked on, and what came of it is posted. One order at a time: the next comes when this one is answered.
 */
import type { ThreadWorld } from '../../core/runtime/index.ts';
import { type Coded, decode, encode } from './codec.ts';
import type { MadeCoding } from './settings.ts';

export interface CodingOrder {
  readonly coding: MadeCoding;
  /** Negative: decode. */
  readonly level: number;
  readonly bodyBytes: number;
  /** Of the result. */
  readonly bytesMax: number;
}

export function run(world: ThreadWorld): void {
  let order: CodingOrder | null = null;
  let body = new Uint8Array(0);
  let received = 0;
  world.onMessage((message) => {
    if (!(message instanceof Uint8Array)) {
      order = message as CodingOrder;
      body = new Uint8Array(order.bodyBytes);
      received = 0;
    } else {
      body.set(message, received);
      received += message.length;
    }
    if (order === null || received < order.bodyBytes) return;
    const coded = obey(order, body);
    order = null;
    body = new Uint8Array(0);
    world.post(coded, coded.kind === 'done' ? [coded.bytes.buffer] : []);
  });
}

function obey({ coding, level, bytesMax }: CodingOrder, body: Uint8Array): Coded {
  return level < 0 ? decode(body, coding, bytesMax) : encode(body, coding, level, bytesMax);
}

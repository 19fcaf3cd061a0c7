/**
 * The thread of digest-threads.ts. Bytes of bodies come in slots of memory that both have; a slot is given back when
 * its bytes were taken. Bodies are told apart by number.
 */
import type { ThreadWorld } from '../../../core/runtime/index.ts';
import { type DigestName, OwnDigests } from './running-digests.ts';

/** Bytes of a slot: one message for each. */
export const SLOT_BYTES = 512 * 1024;

export type DigestOrder =
  | { readonly kind: 'slots'; readonly memory: SharedArrayBuffer }
  | { readonly kind: 'begin'; readonly body: number; readonly names: readonly DigestName[] }
  | {
      readonly kind: 'bytes';
      readonly body: number;
      readonly slot: number;
      readonly bytes: number;
    }
  | { readonly kind: 'end'; readonly body: number }
  | { readonly kind: 'drop'; readonly body: number };

export type DigestAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'free'; readonly slot: number }
  | {
      readonly kind: 'made';
      readonly body: number;
      readonly digests: readonly (readonly [DigestName, Uint8Array])[];
    };

export function run(world: ThreadWorld): void {
  const bodies = new Map<number, OwnDigests>();
  let memory: Uint8Array = new Uint8Array(0);
  const post = (answer: DigestAnswer): void => world.post(answer);
  const obey = (order: DigestOrder): void => {
    switch (order.kind) {
      case 'slots':
        memory = new Uint8Array(order.memory);
        post({ kind: 'ready' });
        return;
      case 'begin':
        bodies.set(order.body, new OwnDigests(order.names));
        return;
      case 'bytes': {
        const at = order.slot * SLOT_BYTES;
        bodies.get(order.body)?.update(memory.subarray(at, at + order.bytes));
        post({ kind: 'free', slot: order.slot });
        return;
      }
      case 'end': {
        const digests = [...(bodies.get(order.body)?.made() ?? [])];
        bodies.delete(order.body);
        post({ kind: 'made', body: order.body, digests });
        return;
      }
      case 'drop':
        bodies.delete(order.body);
    }
  };
  world.onMessage((message) => obey(message as DigestOrder));
}

/**
 * A module for the tests of threads: it does what the messages ask for and posts what came of it.
 */
import type { ThreadWorld } from './index.ts';

export type Order =
  | { readonly do: 'echo'; readonly what: unknown }
  | { readonly do: 'add'; readonly to: SharedArrayBuffer }
  | { readonly do: 'write'; readonly path: string; readonly times: number }
  | { readonly do: 'wait'; readonly delayMs: number }
  | { readonly do: 'give'; readonly bytes: number }
  | { readonly do: 'throw' }
  | { readonly do: 'throw later' }
  | { readonly do: 'post a function' }
  | { readonly do: 'reject' }
  | { readonly do: 'spin' };

/** What it was about to say when it was made to fail. */
export const lastWords = 'about to fail';

export async function run(world: ThreadWorld): Promise<void> {
  const failed = Promise.withResolvers<void>();
  // Messages that came before there was a handler wait for it.
  await new Promise<void>((resolve) => void world.clock.setTimer(5, resolve));
  world.onMessage((message) => obey(world, message as Order, failed.reject));
  await failed.promise;
}

function obey(world: ThreadWorld, order: Order, fail: (error: unknown) => void): void {
  switch (order.do) {
    case 'echo':
      world.post(order.what);
      return;
    case 'add': {
      const numbers = new Int32Array(order.to);
      world.post(Atomics.add(numbers, 0, 1));
      return;
    }
    case 'write':
      write(world, order.path, order.times).catch(fail);
      return;
    case 'wait':
      world.clock.setTimer(order.delayMs, () => world.post('waited'));
      return;
    case 'give': {
      const bytes = new ArrayBuffer(order.bytes);
      world.post(bytes, [bytes]);
      world.post(bytes.byteLength);
      return;
    }
    case 'throw':
      world.post(lastWords);
      throw Object.assign(new RangeError('thrown on order'), { code: 'ORDERED' });
    case 'throw later':
      world.clock.setTimer(1, () => {
        throw new Error('thrown by a timer');
      });
      return;
    case 'post a function':
      world.post(() => {});
      return;
    case 'reject':
      fail(new Error('rejected on order'));
      return;
    case 'spin':
      world.post('spinning');
      for (;;);
  }
}

/** Appends a letter as often as asked, each made durable, and tells the size after each. */
async function write(world: ThreadWorld, path: string, times: number): Promise<void> {
  const file = await world.disk.open(path, { mode: 'create' });
  for (let nth = 0; nth < times; nth++) {
    file.writeSync(Buffer.from('w'), 0, 1, nth);
    await new Promise<void>((resolve, reject) => {
      file.datasync((error) => (error === null ? resolve() : reject(error)));
    });
    world.post(file.sizeSync());
  }
  file.closeSync();
}

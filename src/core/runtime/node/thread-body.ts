/**
 * What every thread does: imports the module asked for and hands it this machine's world.
 *
 * Listening from the start keeps the thread there when the module has nothing to do. What is thrown here,
 * or in a handler, or rejected and never caught, ends the thread: `threads.ts` hears of it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadModule, ThreadWorld } from '../threads.ts';
import { createNodeClock } from './clock.ts';
import { createNodeDisk } from './disk.ts';
import { createNodeRandom } from './random.ts';

const port = parentPort;
if (port === null) throw new Error('this module runs only in a thread');

let handler: ((message: unknown) => void) | null = null;
let waiting: unknown[] = [];

port.on('message', (message: unknown) => {
  // One that still waits for its turn goes first.
  if (handler === null || waiting.length > 0) waiting.push(message);
  else handler(message);
});
port.on('messageerror', (error) => {
  throw error;
});

const world: ThreadWorld = {
  disk: createNodeDisk(),
  clock: createNodeClock(),
  random: createNodeRandom(),
  onMessage(to) {
    handler = to;
    if (waiting.length > 0) setImmediate(handWaiting);
  },
  post(message, transfer = []) {
    try {
      port.postMessage(message, [...transfer]);
    } catch (error) {
      // A DOMException that ends the thread would reach the owner without its message.
      throw new TypeError(String(error));
    }
  },
};

const module = (await import(workerData as string)) as ThreadModule;
await module.run(world);

function handWaiting(): void {
  const messages = waiting;
  waiting = [];
  for (const message of messages) handler?.(message);
}

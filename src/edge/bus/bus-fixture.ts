/** Two PoPs on loopback for tests of the bus. */
import { silentLogger } from '../../core/observe/index.ts';
import {
  createNodeClock,
  createNodeNetwork,
  createNodeRandom,
  createNodeTransport,
} from '../../core/runtime/node/index.ts';
import { BusDialler, type BusDiallerOptions } from './bus-dialler.ts';
import { BusServer, type BusServerOptions } from './bus-server.ts';
import type { EndingCounts } from './endings.ts';
import { type BusLink, type MessageKind, Subscriptions } from './kinds.ts';

export const clock = createNodeClock();
export const random = createNodeRandom();
export const network = createNodeNetwork(await createNodeTransport());

export const HOST = '127.0.0.1';

/** One end: what it hears, and how its links have ended. */
export class TestEnd {
  readonly subscriptions: Subscriptions = new Subscriptions();
  readonly endings: EndingCounts = new Map();
  readonly links: BusLink[] = [];
  readonly heard: unknown[] = [];
  downs = 0;

  constructor() {
    this.subscriptions.onUp((link) => this.links.push(link));
    this.subscriptions.onDown(() => this.downs++);
    this.subscriptions.on(NOTE, (_, note) => this.heard.push(note.text));
  }

  get link(): BusLink | undefined {
    return this.links.at(-1);
  }
}

export const NOTE: MessageKind<{ readonly text: string }> = {
  name: 'test.note',
  read: ({ text }) => (typeof text === 'string' ? { text } : undefined),
};

export function serverOf(end: TestEnd, options: Partial<BusServerOptions> = {}): BusServer {
  return new BusServer({
    ...{ pop: 'ams', secret: 'the secret of the test', network, clock, random },
    ...{ log: silentLogger(), subscriptions: end.subscriptions, endings: end.endings },
    ...{ beatMs: 1000, knows: (pop: string) => pop === 'fra' || pop === 'lon' },
    ...options,
  });
}

export function diallerOf(
  end: TestEnd,
  port: number,
  options: Partial<BusDiallerOptions> = {},
): BusDialler {
  return new BusDialler({
    ...{ pop: 'fra', to: 'ams', secret: 'the secret of the test', network, clock, random },
    ...{ log: silentLogger(), subscriptions: end.subscriptions, endings: end.endings },
    ...{ beatMs: 1000, address: { host: HOST, port } },
    ...options,
  });
}

/** Waits for something that comes by itself. @throws when it has not come for long. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const endMs = clock.monotonicMs() + 10_000;
  while (!holds()) {
    if (clock.monotonicMs() > endMs) throw new Error(`it has not come: ${what}`);
    await new Promise<void>((resolve) => clock.setTimer(2, resolve));
  }
}

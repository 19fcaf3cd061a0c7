/** For tests of layer 4: a pool that is a list, and a stream proxy on a real listener. */
import { Networks, parseNetwork } from '../../core/base/index.ts';
import { type Listener, listen } from '../../core/downstream/index.ts';
import type { ListenAddress, Network, TransportTier } from '../../core/runtime/index.ts';
import {
  createNodeClock,
  createNodeNetwork,
  createNodeTransport,
} from '../../core/runtime/node/index.ts';
import type { Backends, SessionFacts, Target } from './backends.ts';
import { StreamProxy, type StreamRoute, type StreamSettings } from './stream-proxy.ts';

export class TestTarget implements Target {
  readonly name: string;
  readonly pool = 'pool';
  readonly address: ListenAddress;
  open = 0;
  begun = 0;
  taken = 0;
  readonly results: string[] = [];

  constructor(address: ListenAddress) {
    this.address = address;
    this.name = 'path' in address ? address.path : `${address.host}:${address.port}`;
  }
  began(): number {
    this.open++;
    return ++this.begun;
  }
  connected(): void {
    this.taken++;
  }
  ended(_ticket: number, result: string): void {
    this.open--;
    this.results.push(result);
  }
}

/** Each in turn, those tried left out. */
export class TestBackends implements Backends {
  connectMs = 2000;
  proxyProtocol: Backends['proxyProtocol'] = 'no';
  source: string | undefined = undefined;
  attemptsMax = 3;
  readonly facts: SessionFacts[] = [];
  readonly targets: TestTarget[];
  private turn = 0;

  constructor(...ports: number[]) {
    this.targets = ports.map((port) => new TestTarget({ host: '127.0.0.1', port }));
  }
  choose(facts: SessionFacts, tried: readonly Target[]): TestTarget | undefined {
    if (tried.length === 0) this.facts.push(facts);
    const left = this.targets.filter((target) => !tried.includes(target));
    return left[this.turn++ % left.length];
  }
  mayRetry(attempts: number): boolean {
    return attempts < this.attemptsMax;
  }
}

export function networksOf(...texts: string[]): Networks {
  return new Networks(
    texts.map((text) => {
      const parsed = parseNetwork(text);
      if (parsed.kind === 'problem') throw new Error(`${text}: ${parsed.problem}`);
      return parsed.network;
    }),
  );
}

export const testSettings: StreamSettings = {
  idleMs: 60_000,
  openingMs: 10_000,
  proxyProtocol: false,
  trusted: new Networks([]),
};

export interface Proxied {
  readonly proxy: StreamProxy;
  readonly listener: Listener;
  readonly port: number;
}

export interface ProxiedOptions {
  readonly tier?: TransportTier;
  readonly flushMs?: number;
  /** Instead of the real one. */
  readonly dial?: Network['dial'];
}

export async function proxied(
  route: StreamRoute,
  settings: Partial<StreamSettings> = {},
  { tier = 'handle', flushMs = 5000, dial }: ProxiedOptions = {},
): Promise<Proxied> {
  const real = createNodeNetwork(await createNodeTransport(tier));
  const network = dial === undefined ? real : { ...real, dial };
  const clock = createNodeClock();
  const proxy = new StreamProxy({ network, clock, flushMs }, route, {
    ...testSettings,
    ...settings,
  });
  const listener = await listen({
    transport: network,
    clock,
    address: { host: '127.0.0.1', port: 0 },
    flushTimeoutMs: flushMs,
    onConnection: (connection) => proxy.accept(connection),
  });
  return { proxy, listener, port: listener.port };
}

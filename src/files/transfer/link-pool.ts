/**
 * Connections to DataNodes: dialled, greeted, used by one exchange at a time, kept for the next one.
 *
 * Bounds: `dataLinksMax` for each address, beyond which exchanges wait for one; `RESTING_MAX` of them at rest.
 */
import {
  type Clock,
  connected,
  DialError,
  type Network,
  type Random,
} from '../../core/runtime/index.ts';
import { FilesError } from '../errors.ts';
import { dataLinksMax } from '../limits.ts';
import { FrameProblem } from './frames.ts';
import { type Credentials, greet, Role, type RoleNumber } from './handshake.ts';
import { Link } from './link.ts';

const DIAL_MS = 3000;
const KEEP_ALIVE_MS = 15_000;
const WAIT_MS = 10_000;
const RESTING_MAX = 16;
const REST_MS = 60_000;

export interface LinkPoolOptions {
  readonly dial: Network['dial'];
  readonly clock: Clock;
  readonly random: Random;
  /** Asked for at each greeting. */
  credentials(): Credentials;
}

interface Resting {
  readonly link: Link;
  readonly sinceMs: number;
}

interface Host {
  readonly resting: Resting[];
  open: number;
  readonly waiting: (() => void)[];
}

/** A connection with the number of a request on it. */
export interface Exchange {
  readonly link: Link;
  readonly request: number;
  /** It has been at rest before: that it fails may mean that the other end began anew meanwhile. */
  readonly isUsed: boolean;
}

export class LinkPool {
  private readonly options: LinkPoolOptions;
  private readonly hosts = new Map<string, Host>();
  private readonly links = new Set<Link>();
  private requests = 0;
  private closed = false;

  constructor(options: LinkPoolOptions) {
    this.options = options;
  }

  /** A connection for one exchange: give it back with `release`. @throws FilesError 'node-gone', 'untrusted', 'foreign', 'busy', 'closed'. */
  async take(address: string): Promise<Exchange> {
    const host = this.hostOf(address);
    const { clock } = this.options;
    const endMs = clock.monotonicMs() + WAIT_MS;
    while (host.resting.length === 0 && host.open >= dataLinksMax) {
      if (this.closed) throw new FilesError('closed');
      if (clock.monotonicMs() >= endMs) throw new FilesError('busy', address);
      await this.freed(host, endMs - clock.monotonicMs());
    }
    const request = this.nextRequest();
    const oldestMs = clock.monotonicMs() - REST_MS;
    for (let found = host.resting.pop(); found !== undefined; found = host.resting.pop()) {
      const { link, sinceMs } = found;
      if (link.isQuiet && sinceMs >= oldestMs) return { link, request, isUsed: true };
      link.close('it was at rest for too long');
    }
    return { link: await this.connect(address, host), request, isUsed: false };
  }

  /** Waits until there may be a connection, or for so long. */
  private freed(host: Host, ms: number): Promise<void> {
    const { clock } = this.options;
    return new Promise((resolve) => {
      const go = (): void => {
        clock.clearTimer(timer);
        resolve();
      };
      const timer = clock.setTimer(ms, () => {
        // Who comes next in the row is not to wait for one who has left.
        host.waiting.splice(host.waiting.indexOf(go), 1);
        resolve();
      });
      host.waiting.push(go);
    });
  }

  private async connect(address: string, host: Host): Promise<Link> {
    if (this.closed) throw new FilesError('closed');
    host.open++;
    const over = (): void => {
      host.open--;
      host.waiting.shift()?.();
      const isLast = host.open === 0 && host.waiting.length === 0;
      // Addresses come and go with their nodes.
      if (isLast && this.hosts.get(address) === host) this.hosts.delete(address);
    };
    let link: Link;
    try {
      link = await openLink(address, Role.data, this.options).then(({ link: opened }) => opened);
    } catch (error) {
      over();
      throw error;
    }
    this.links.add(link);
    link.onceClosed(() => {
      this.links.delete(link);
      over();
    });
    if (this.closed) link.close('everything is ending');
    return link;
  }

  /** The exchange came to its end, and the connection is as before it. */
  release(address: string, link: Link): void {
    const host = this.hostOf(address);
    if (!link.isQuiet || this.closed || host.resting.length >= RESTING_MAX) {
      link.close('there are enough connections');
      return;
    }
    host.resting.push({ link, sinceMs: this.options.clock.monotonicMs() });
    host.waiting.shift()?.();
  }

  /** The other end is not there any more: what rests is of no use. */
  forget(address: string): void {
    for (const { link } of this.hostOf(address).resting.splice(0)) link.close('its node is gone');
  }

  private hostOf(address: string): Host {
    let host = this.hosts.get(address);
    if (host === undefined) {
      host = { resting: [], open: 0, waiting: [] };
      this.hosts.set(address, host);
    }
    return host;
  }

  private nextRequest(): number {
    this.requests = (this.requests % 0xffffffff) + 1;
    return this.requests;
  }

  /** Exchanges under way fail. */
  close(): void {
    this.closed = true;
    for (const link of [...this.links]) link.close('everything is ending');
    for (const host of this.hosts.values()) for (const go of host.waiting.splice(0)) go();
  }
}

/** Dials and greets. @returns the identity of the other end's file system too. @throws as `take`. */
export async function openLink(
  address: string,
  role: RoleNumber,
  { dial, clock, random, credentials }: LinkPoolOptions,
): Promise<{ readonly link: Link; readonly identity: string }> {
  let link: Link | undefined;
  try {
    const stream = await connected(dial, {
      address: hostPort(address),
      timeoutMs: DIAL_MS,
      keepAliveMs: KEEP_ALIVE_MS,
    });
    link = new Link(stream, clock);
    const identity = await greet(link, role, credentials(), random);
    return { link, identity };
  } catch (error) {
    link?.close('the greeting failed');
    if (error instanceof DialError || error instanceof FrameProblem) {
      throw new FilesError('node-gone', address, error);
    }
    throw error;
  }
}

/** `host:port`, `[::1]:port`. @throws FilesError 'node-gone': it is no address. */
export function hostPort(address: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port > 65_535)
    throw new FilesError('node-gone', `${address} is no address`);
  return { host, port };
}

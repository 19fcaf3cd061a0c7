/**
 * Accepts connections of frames and has each of them served to its end.
 *
 * Bound: links beyond `linksMax` are closed at once. `close` resolves when nobody is served any more.
 */
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Network, TransportListener } from '../../core/runtime/index.ts';
import { Link } from './link.ts';

const KEEP_ALIVE_MS = 15_000;
const BACKLOG = 256;
/** For the other end to read why it is left. */
const FAREWELL_MS = 1000;

export interface LinkServerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly linksMax: number;
  /** Closes the link when it is done. */
  serve(link: Link): Promise<void>;
}

export class LinkServer {
  private readonly options: LinkServerOptions;
  private readonly links = new Set<Link>();
  private readonly serving = new Set<Promise<void>>();
  private listener: TransportListener | undefined;
  private closed = false;

  constructor(options: LinkServerOptions) {
    this.options = options;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** @returns the port. @throws ListenError. */
  async listen(network: Network, address: { host: string; port: number }): Promise<number> {
    const { clock, logger, linksMax } = this.options;
    this.listener = await network.listen({
      address,
      backlog: BACKLOG,
      keepAliveMs: KEEP_ALIVE_MS,
      handshakeTimeoutMs: 0,
      admit: () => true,
      onAccept: (stream) => {
        if (this.closed || this.links.size >= linksMax) stream.destroy();
        else this.begin(new Link(stream, clock));
      },
      onHandshakeEnd: () => {},
      onAcceptError: (code) => logger.warn('a connection was not accepted', { code }),
    });
    return this.listener.port;
  }

  private begin(link: Link): void {
    this.links.add(link);
    const serving = this.options.serve(link).finally(() => {
      this.links.delete(link);
      this.serving.delete(serving);
    });
    this.serving.add(serving);
  }

  /** @param why for whoever waits for a link. */
  async close(why: string): Promise<void> {
    this.closed = true;
    await this.listener?.close();
    for (const link of [...this.links]) link.close(why);
    await Promise.allSettled([...this.serving]);
  }
}

/** Ends a link so that what was sent last can be read. */
export async function endGently(link: Link): Promise<void> {
  link.closeGently();
  await Promise.resolve(link.next(FAREWELL_MS)).catch(() => {});
}

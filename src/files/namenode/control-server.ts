/**
 * The NameNode's end of the connections on which DataNodes tell what they have.
 *
 *     greeting ──REGISTER──▶ known ──BEAT, REPORT, CHANGES──▶ known
 *        └──anything else──▶ closed ◀──silence, the node connects anew, what can not be understood──┘
 */
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Network, Random, TransportListener } from '../../core/runtime/index.ts';
import type { BlockName } from '../blocks/format.ts';
import type { Cluster, Lookup, Replica } from '../cluster/index.ts';
import { FilesError } from '../errors.ts';
import { type Frame, FrameProblem, FrameType } from '../transfer/frames.ts';
import { answerGreeting, type Credentials, Role } from '../transfer/handshake.ts';
import { Link } from '../transfer/link.ts';
import {
  decodeBeat,
  decodeChanges,
  decodeRegistration,
  decodeReport,
  encodeError,
} from '../transfer/messages.ts';
import { translated } from '../translate.ts';
import { type KnownNodes, NODES_MAX } from './known-nodes.ts';

const SILENCE_MS = 15_000;
const KEEP_ALIVE_MS = 15_000;
const BACKLOG = 256;

export interface ControlServerOptions {
  readonly cluster: Cluster;
  readonly known: KnownNodes;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly credentials: Credentials;
  /** What the namespace says of blocks. @throws LsmError, FilesError. */
  lookup(blocks: readonly number[]): Promise<Lookup>;
  /** Replicas that are to go. */
  onOrphans(node: string, names: readonly BlockName[]): void;
}

export class ControlServer {
  private readonly options: ControlServerOptions;
  private readonly links = new Set<Link>();
  private readonly nodes = new Map<string, Link>();
  private readonly running = new Set<Promise<void>>();
  private listener: TransportListener | undefined;
  private closed = false;

  constructor(options: ControlServerOptions) {
    this.options = options;
  }

  /** @returns the port. @throws ListenError. */
  async listen(network: Network, address: { host: string; port: number }): Promise<number> {
    this.listener = await network.listen({
      address,
      backlog: BACKLOG,
      keepAliveMs: KEEP_ALIVE_MS,
      handshakeTimeoutMs: 0,
      admit: () => true,
      onAccept: (stream) => {
        if (this.closed || this.links.size >= NODES_MAX) {
          stream.destroy();
          return;
        }
        const link = new Link(stream, this.options.clock);
        this.links.add(link);
        const serving = this.serve(link).finally(() => {
          this.links.delete(link);
          this.running.delete(serving);
        });
        this.running.add(serving);
      },
      onHandshakeEnd: () => {},
      onAcceptError: (code) => this.options.logger.warn('a connection was not accepted', { code }),
    });
    return this.listener.port;
  }

  private async serve(link: Link): Promise<void> {
    const { random, logger, credentials, cluster, clock } = this.options;
    let id: string | undefined;
    try {
      await answerGreeting(link, [Role.control], credentials, random);
      id = await this.register(link, await link.next(SILENCE_MS));
      for (;;) await this.answer(link, id, await link.next(SILENCE_MS));
    } catch (thrown) {
      const error = translated(thrown, 'the namespace');
      if (!(error instanceof FilesError || error instanceof FrameProblem)) throw error;
      const isLost = error instanceof FilesError && error.code === 'node-gone';
      const what = isLost ? 'a DataNode is not connected any more' : 'a DataNode was refused';
      if (!this.closed) logger.warn(what, { node: id ?? link.name, err: error });
      if (!isLost) {
        link.closeGently();
        await Promise.resolve(link.next(1000)).catch(() => {});
      }
    } finally {
      link.close();
      if (id !== undefined && this.nodes.get(id) === link) {
        this.nodes.delete(id);
        cluster.disconnected(id, clock.monotonicMs());
      }
    }
  }

  private async register(link: Link, { type, request, payload }: Frame): Promise<string> {
    if (type !== FrameType.register) throw new FrameProblem('it does not register');
    const { known, cluster, clock, logger } = this.options;
    const node = decodeRegistration(payload);
    if (!known.add(node.id)) {
      const error = new FilesError('no-nodes', `${node.id} can not be one of them`);
      await link.send(FrameType.error, request, [encodeError(error)]);
      throw error;
    }
    const before = this.nodes.get(node.id);
    this.nodes.set(node.id, link);
    before?.close('the node connects anew');
    cluster.register(node, clock.monotonicMs());
    const { address, rack } = node;
    logger.info('a DataNode is there', { node: node.id, address, rack });
    await link.send(FrameType.ok, request);
    return node.id;
  }

  private async answer(link: Link, id: string, { type, request, payload }: Frame): Promise<void> {
    const { cluster, clock } = this.options;
    if (type === FrameType.beat) {
      if (!cluster.heartbeat(id, decodeBeat(payload), clock.monotonicMs())) {
        throw new FilesError('node-gone', `${link.name} has to register again`);
      }
      await link.send(FrameType.ok, request, [Buffer.from([0])]);
      return;
    }
    if (type === FrameType.report) await this.report(id, payload);
    else if (type === FrameType.changes) await this.changes(id, payload);
    else throw new FrameProblem(`type ${type} is no request`);
    await link.send(FrameType.ok, request);
  }

  private async report(id: string, payload: Buffer): Promise<void> {
    const { cluster } = this.options;
    const { isFirst, isLast, replicas } = decodeReport(payload);
    const lookup = await this.options.lookup(cluster.unknown(replicas));
    if (isFirst) cluster.beginReport(id);
    this.orphans(id, cluster.reportPage(id, replicas, lookup));
    if (isLast) cluster.endReport(id);
  }

  private async changes(id: string, payload: Buffer): Promise<void> {
    const { cluster } = this.options;
    const changes = decodeChanges(payload);
    const lookup = await this.options.lookup(cluster.unknown(changes));
    for (const { kind, block, stamp, length } of changes) {
      if (kind === 'removed') cluster.removed(id, block, stamp);
      else if (kind === 'corrupt') cluster.corrupt(id, block, stamp);
      else this.orphans(id, cluster.received(id, { block, stamp, length }, lookup));
    }
  }

  private orphans(id: string, replicas: readonly Replica[]): void {
    if (replicas.length === 0) return;
    this.options.onOrphans(
      id,
      replicas.map(({ block, stamp }) => ({ block, stamp })),
    );
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.listener?.close();
    for (const link of [...this.links]) link.close('the NameNode is stopping');
    await Promise.allSettled([...this.running]);
  }
}

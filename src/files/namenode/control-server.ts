/**
 * The NameNode's end of the connections on which DataNodes tell what they have.
 *
 *     greeting ──REGISTER──▶ known ──BEAT, REPORT, CHANGES──▶ known
 *        └──anything else──▶ closed ◀──silence, the node connects anew, what can not be understood──┘
 */
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Network, Random } from '../../core/runtime/index.ts';
import type { Cluster, Lookup, Replica } from '../cluster/index.ts';
import { FilesError } from '../errors.ts';
import { type Frame, FrameProblem, FrameType } from '../transfer/frames.ts';
import { answerGreeting, type Credentials, Role } from '../transfer/handshake.ts';
import type { Link } from '../transfer/link.ts';
import { endGently, LinkServer } from '../transfer/link-server.ts';
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
  onOrphans(node: string, replicas: readonly Replica[]): void;
}

export class ControlServer {
  private readonly options: ControlServerOptions;
  private readonly server: LinkServer;
  private readonly nodes = new Map<string, Link>();

  constructor(options: ControlServerOptions) {
    this.options = options;
    const { clock, logger } = options;
    this.server = new LinkServer({
      ...{ clock, logger, linksMax: NODES_MAX },
      serve: (link) => this.serve(link),
    });
  }

  /** @returns the port. @throws ListenError. */
  listen(network: Network, address: { host: string; port: number }): Promise<number> {
    return this.server.listen(network, address);
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
      if (!this.server.isClosed) logger.warn(what, { node: id ?? link.name, err: error });
      if (!isLost) {
        await endGently(link);
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
      await link.send(FrameType.ok, request, [Buffer.from([cluster.mustReport(id) ? 1 : 0])]);
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
      else if (kind === 'whole') cluster.whole(id, { block, stamp, length });
      else this.orphans(id, cluster.received(id, { block, stamp, length }, lookup));
    }
  }

  private orphans(id: string, replicas: readonly Replica[]): void {
    if (replicas.length > 0) this.options.onOrphans(id, replicas);
  }

  async close(): Promise<void> {
    await this.server.close('the NameNode is stopping');
  }
}

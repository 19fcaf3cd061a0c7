/**
 * Reading a block from whoever has it: the nearest first, the next one from where the one before failed. A replica that is
 * damaged or not there is told to the cluster and not asked again.
 */
import type { Logger } from '../../core/observe/index.ts';
import type { Clock } from '../../core/runtime/index.ts';
import type { BlockStore } from '../blocks/block-store.ts';
import type { Cluster } from '../cluster/index.ts';
import { FilesError } from '../errors.ts';
import type { DataClient } from '../transfer/data-client.ts';
import type { ReadRequest } from '../transfer/messages.ts';

/** A block that nobody has yet may be reported soon. */
const WAIT_MS = 10_000;
/** Behind safe mode that is less likely. */
const LATER_WAIT_MS = 3000;
const LOOK_MS = 100;

export interface ReplicaReaders {
  readonly cluster: Cluster;
  readonly store: BlockStore;
  readonly client: DataClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly local: string;
}

/**
 * Data `[from, to)` of a block, in pieces that are good until the next is asked for.
 * @throws FilesError 'corrupt': all replicas that there are; 'no-replica'.
 */
export async function* readReplicas(
  readers: ReplicaReaders,
  request: ReadRequest,
): AsyncGenerator<Buffer, void, undefined> {
  const { cluster, clock, logger, local } = readers;
  const { block, stamp, to } = request;
  const endMs = clock.monotonicMs() + (cluster.isSafeMode ? WAIT_MS : LATER_WAIT_MS);
  const tried = new Set<string>();
  let at = request.from;
  let failure: FilesError | undefined;
  while (at < to) {
    const nodes = cluster.replicas(block, stamp, { node: local });
    const id = nodes.find((each) => !tried.has(each));
    if (id === undefined) {
      if (failure?.code === 'corrupt' && nodes.length === 0) throw failure;
      if (clock.monotonicMs() >= endMs)
        throw new FilesError('no-replica', `block ${block}`, failure);
      await pause(clock, LOOK_MS);
      // Those that failed may be well again, and others may have come.
      tried.clear();
      continue;
    }
    tried.add(id);
    try {
      for await (const piece of piecesOf(readers, id, { ...request, from: at })) {
        at += piece.length;
        yield piece;
      }
    } catch (error) {
      if (!(error instanceof FilesError)) throw error;
      if (error.code === 'corrupt') {
        logger.error('a replica is damaged', { block, node: id, err: error });
        cluster.corrupt(id, block, stamp);
      } else if (error.code === 'missing') cluster.removed(id, block, stamp);
      else logger.warn('a replica can not be read', { block, node: id, err: error });
      if (failure?.code !== 'corrupt') failure = error;
    }
  }
}

function piecesOf(
  { cluster, store, client, local }: ReplicaReaders,
  id: string,
  { block, stamp, from, to }: ReadRequest,
): AsyncGenerator<Buffer, void, undefined> {
  if (id === local) return store.read({ block, stamp }, from, to);
  const address = cluster.address(id);
  if (address === undefined) throw new FilesError('node-gone', id);
  return client.read(address, { block, stamp, from, to });
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimer(ms, resolve));
}

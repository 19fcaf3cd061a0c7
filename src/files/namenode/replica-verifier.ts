/**
 * Whether all replicas of a block are as they should be: each is read whole where it is. What is damaged or gone is
 * told to the cluster, which makes it good.
 */
import type { BlockFinding, BlockVerifier } from '../blocks/block-verifier.ts';
import type { BlockName } from '../blocks/format.ts';
import type { Cluster } from '../cluster/index.ts';
import { FilesError } from '../errors.ts';
import type { DataClient } from '../transfer/data-client.ts';
import { LOCAL } from './cluster-blocks.ts';

export interface ReplicaVerifierOptions {
  readonly cluster: Cluster;
  readonly client: DataClient;
  /** Of the disks of this process; it is closed with this. */
  readonly local: BlockVerifier;
}

type OnBytes = (bytes: number) => boolean | Promise<boolean>;

const FAULTS: Partial<Record<FilesError['code'], BlockFinding['fault']>> = {
  corrupt: 'damaged',
  missing: 'missing',
};

export class ReplicaVerifier {
  private readonly options: ReplicaVerifierOptions;

  constructor(options: ReplicaVerifierOptions) {
    this.options = options;
  }

  /**
   * Reads all replicas of a block, one after another.
   * @param wanted replicas
   * @param onBytes so many bytes of data were looked at; false: the rest does not matter any more.
   * @returns what is wrong. @throws FilesError 'io', 'closed': the own disks can not be asked.
   */
  async verify(
    name: BlockName,
    length: number,
    wanted: number,
    onBytes: OnBytes,
  ): Promise<readonly BlockFinding[]> {
    const nodes = this.options.cluster.replicas(name.block, name.stamp);
    const findings: BlockFinding[] = [];
    let isLeft = false;
    const on: OnBytes = async (bytes) => {
      isLeft = !(await onBytes(bytes));
      return !isLeft;
    };
    for (const id of nodes) {
      const found =
        id === LOCAL
          ? await this.options.local.verify(name, length, on)
          : await this.verifyOn(id, name, length, on);
      if (isLeft) return findings;
      if (found === undefined) continue;
      if (found.fault === 'damaged') this.options.cluster.corrupt(id, name.block, name.stamp);
      if (found.fault === 'missing') this.options.cluster.removed(id, name.block, name.stamp);
      findings.push({ ...found, detail: `node ${id}: ${found.detail}` });
    }
    if (nodes.length >= wanted) return findings;
    const detail = `${nodes.length} of ${wanted} replicas are on nodes that are reached`;
    const isGone = nodes.length === 0;
    const lack = { offset: 0, bytes: isGone ? length : 0, detail };
    return [...findings, { fault: isGone ? 'missing' : 'replicas', ...lack }];
  }

  private async verifyOn(
    id: string,
    name: BlockName,
    length: number,
    onBytes: OnBytes,
  ): Promise<BlockFinding | undefined> {
    const { cluster, client } = this.options;
    const address = cluster.address(id);
    let at = 0;
    try {
      if (address === undefined) throw new FilesError('node-gone', id);
      for await (const piece of client.read(address, { ...name, from: 0, to: length })) {
        at += piece.length;
        if (!(await onBytes(piece.length))) return undefined;
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof FilesError)) throw error;
      const fault = FAULTS[error.code] ?? 'unreadable';
      return { fault, offset: at, bytes: length - at, detail: error.message };
    }
  }

  close(): void {
    this.options.local.close();
  }
}

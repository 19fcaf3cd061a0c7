/** What a check needs of the file system that it looks at. */
import type { Clock } from '../../core/runtime/index.ts';
import type { StoredBlock } from '../blocks/block-index.ts';
import type { BlockFinding, BlockVerifier } from '../blocks/block-verifier.ts';
import type { BlockName } from '../blocks/format.ts';
import type { FilesError } from '../errors.ts';
import { LOCAL } from '../namenode/cluster-blocks.ts';
import type { NamelessReplica, NamelessReplicas } from '../namenode/nameless-replicas.ts';
import type { NamespaceReader } from '../namespace/reader.ts';
import type { FileSystem } from '../objects/file-system.ts';

export interface FsckSource {
  readonly clock: Clock;
  readonly reader: NamespaceReader;
  readonly blocks: {
    /** All blocks on the disks in the order of their numbers, from behind `above`, until `visit` gives false. */
    each(above: number, visit: (block: StoredBlock) => boolean): Promise<void>;
    find(block: number): Promise<StoredBlock | null>;
  };
  verifier(): ReplicasVerifier;
  /** Replicas on other nodes that nothing names, as far as nodes have told; they go soon. */
  nameless(): Iterable<NamelessReplica>;
  /** The block may be on a disk without a name: it is being written, or its bytes are about to go. */
  mayBeNameless(block: number): boolean;
  /** For whoever repairs it. */
  foundDamage(name: BlockName, error: FilesError): void;
  /** A block was read to its end, and all of it holds. */
  foundWhole(block: number): void;
}

/** Looks at all replicas of a block, wherever they are. */
export interface ReplicasVerifier {
  /**
   * @param wanted replicas
   * @param onBytes so many bytes of data were looked at; false: the rest does not matter any more.
   * @returns what is wrong. @throws FilesError 'io', 'closed': nothing can be asked any more.
   */
  verify(
    name: BlockName,
    length: number,
    wanted: number,
    onBytes: (bytes: number) => boolean | Promise<boolean>,
  ): Promise<readonly BlockFinding[]>;
  close(): void;
}

/** What the NameNode knows of other nodes. */
export interface OtherNodes {
  verifier(): ReplicasVerifier;
  readonly nameless: Pick<NamelessReplicas, 'all'>;
}

/** @param nameNode of several DataNodes; undefined: all blocks are on the disks of this process. */
export function fsckSource(files: FileSystem, clock: Clock, nameNode?: OtherNodes): FsckSource {
  return {
    clock,
    reader: files.namespace.reader,
    blocks: files.blocks,
    verifier: () => nameNode?.verifier() ?? alone(files.blocks.verifier()),
    nameless: () => (nameNode?.nameless.all() ?? NONE).filter(({ node }) => node !== LOCAL),
    mayBeNameless: (block) => files.mayBeNameless(block),
    foundDamage: (name, error) => {
      // Where there are other nodes the verifier has told who repairs it.
      if (nameNode === undefined) files.foundDamage(name, error);
    },
    foundWhole: (block) => files.foundWhole(block),
  };
}

const NONE: readonly NamelessReplica[] = [];

/** What is here is all that there is. */
function alone(verifier: BlockVerifier): ReplicasVerifier {
  return {
    verify: async (name, length, _wanted, onBytes) => {
      const found = await verifier.verify(name, length, onBytes);
      return found === undefined ? [] : [found];
    },
    close: () => verifier.close(),
  };
}

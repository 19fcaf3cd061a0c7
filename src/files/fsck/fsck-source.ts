/** What a check needs of the file system that it looks at. */
import type { Clock } from '../../core/runtime/index.ts';
import type { StoredBlock } from '../blocks/block-index.ts';
import type { BlockVerifier } from '../blocks/block-verifier.ts';
import type { BlockName } from '../blocks/format.ts';
import type { FilesError } from '../errors.ts';
import type { NamespaceReader } from '../namespace/reader.ts';
import type { FileSystem } from '../objects/file-system.ts';

export interface FsckSource {
  readonly clock: Clock;
  readonly reader: NamespaceReader;
  readonly blocks: {
    /** All blocks on the disks in the order of their numbers, from behind `above`, until `visit` gives false. */
    each(above: number, visit: (block: StoredBlock) => boolean): Promise<void>;
    find(block: number): Promise<StoredBlock | null>;
    verifier(): Pick<BlockVerifier, 'verify' | 'close'>;
  };
  /** The block may be on a disk without a name: it is being written, or its bytes are about to go. */
  mayBeNameless(block: number): boolean;
  /** For whoever repairs it. */
  foundDamage(name: BlockName, error: FilesError): void;
}

/** A file system with its blocks on the disks of this process. */
export function fsckSource(files: FileSystem, clock: Clock): FsckSource {
  return {
    clock,
    reader: files.namespace.reader,
    blocks: files.blocks,
    mayBeNameless: (block) => files.mayBeNameless(block),
    foundDamage: (name, error) => files.foundDamage(name, error),
  };
}

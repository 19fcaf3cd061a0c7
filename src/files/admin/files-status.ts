/** What `plinth files status` and the admin door show of the file system. */
import type { DiskState } from '../blocks/block-disk.ts';
import type { DiskStatus } from '../blocks/block-store.ts';
import type { ScrubStatus } from '../blocks/scrub.ts';
import type { ClusterStatus } from '../cluster/index.ts';
import type { NameNode } from '../namenode/name-node.ts';
import type { NamelessStatus } from '../namenode/nameless-replicas.ts';
import type { FileSystem } from '../objects/file-system.ts';

export interface DiskShown {
  readonly folder: string;
  readonly state: DiskState;
  readonly freeBytes: number;
  /** 0: it can not be told. */
  readonly totalBytes: number;
}

export interface NamespaceShown {
  readonly files: number;
  readonly directories: number;
  /** Of all files, once each. */
  readonly bytes: number;
  /** Of all replicas that are wanted, older versions included. */
  readonly space: number;
}

export interface JournalShown {
  /** Whether changes are taken now. */
  readonly accepting: boolean;
  /** Records that wait to be durable. */
  readonly pendingChanges: number;
  readonly segments: number;
  /** Of this process. */
  readonly entries: number;
  /** To durability. */
  readonly lastWriteMicros: number;
  /** How long the oldest entry waits for the disk; 0: it is in time. */
  readonly syncLagMs: number;
  readonly failures: number;
}

export interface ScrubShown extends ScrubStatus {
  /** 0: it does not run. */
  readonly bytesPerSecond: number;
}

export interface FilesStatus {
  readonly namespace: NamespaceShown;
  readonly journal: JournalShown;
  readonly disks: readonly DiskShown[];
  /** Blocks that were found damaged since the start, and neither deleted nor read whole since. */
  readonly damagedBlocks: number;
  readonly scrub: ScrubShown;
  /** Left out: all blocks are on the disks of this process. */
  readonly cluster?: ClusterStatus;
  /** Replicas on DataNodes that nothing names. */
  readonly nameless?: NamelessStatus;
}

export interface StatusParts {
  readonly files: FileSystem;
  /** As it is set. */
  readonly scrubBytesPerSecond: number;
  readonly nameNode?: Pick<NameNode, 'status' | 'nameless'> | undefined;
}

export function diskShown({ folder, state, freeBytes, totalBytes }: DiskStatus): DiskShown {
  return { folder, state, freeBytes, totalBytes };
}

export function filesStatus({ files, scrubBytesPerSecond, nameNode }: StatusParts): FilesStatus {
  const { namespace, total, blocks, damaged, scrub } = files;
  const { segments, entries, lastWriteMicros, syncLagMs, failures } = namespace.stats.log;
  const { accepting, pendingChanges } = namespace;
  return {
    namespace: {
      files: total.files,
      directories: total.directories,
      bytes: total.bytes,
      space: total.space,
    },
    journal: {
      ...{ accepting, pendingChanges, segments, entries },
      ...{ lastWriteMicros, syncLagMs, failures },
    },
    disks: blocks.status.map(diskShown),
    damagedBlocks: damaged.size,
    scrub: { ...scrub.status, bytesPerSecond: scrubBytesPerSecond },
    ...(nameNode !== undefined && {
      cluster: nameNode.status(),
      nameless: nameNode.nameless.status,
    }),
  };
}

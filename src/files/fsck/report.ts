/** What a check of the file system says, line by line. The kinds of problems never change their meaning. */

export const problemTable = {
  missing: 'the bytes of a block are on no disk',
  stale: 'another generation of a block is on the disk',
  length: 'a block on the disk has another length than the namespace knows',
  damaged: 'bytes of a block do not hold against their checksums',
  unreadable: 'the disk reports an error',
  replicas: 'a block has fewer replicas than are wanted',
  unknown: 'a file names a block that the namespace does not know in this generation',
  beyond: 'a file names bytes behind the end of a block',
  size: 'the pieces of a file are not as many bytes as the file',
  references: 'a block is not named as often as the namespace has counted',
  nameless: 'nothing names a block that is on the disk',
} as const;

export type ProblemKind = keyof typeof problemTable;

/** What has bytes: a file or an older version of one, or a part of an upload. */
export interface Where {
  /** As WebHDFS shows it. */
  readonly path: string;
  /** Of a version that is not the newest: as S3 has it. */
  readonly version?: string;
  /** Of an upload that is under way: as S3 has it. */
  readonly upload?: string;
  readonly part?: number;
  /** Of a file that only a snapshot has: its name, `path` is the directory of which it is, `name` that of the file. */
  readonly snapshot?: string;
  readonly name?: string;
}

export interface FsckProblem extends Partial<Where> {
  readonly kind: ProblemKind;
  readonly block?: number;
  readonly stamp?: number;
  /** The first byte of the file, or of what else has the block, that is not as it should be. */
  readonly offset?: number;
  /** The same byte in the block. */
  readonly blockOffset?: number;
  /** Bytes of the block that do not hold. */
  readonly bytes?: number;
  /** For people: what was met, and where. */
  readonly detail: string;
}

export interface FsckCounts {
  readonly directories: number;
  readonly files: number;
  readonly versions: number;
  readonly parts: number;
  /** Pieces of blocks that were looked at. */
  readonly extents: number;
  /** Blocks that were read, those that several files share more than once at times. */
  readonly blocks: number;
  readonly bytes: number;
  readonly problems: number;
}

/** What is being done: each file, the count of references, what is on the disks. */
export type FsckPhase = 'files' | 'references' | 'disks';

export interface FsckSummary extends FsckCounts {
  readonly path: string;
  /** Whether references and what is on the disks were looked at too, and not only what is below a path. */
  readonly isWhole: boolean;
  readonly byKind: Readonly<Partial<Record<ProblemKind, number>>>;
  readonly durationMs: number;
}

export type FsckLine =
  | { readonly progress: FsckCounts & { readonly phase: FsckPhase; readonly totalBytes: number } }
  | { readonly problem: FsckProblem }
  /** The last line when all was looked at. */
  | { readonly summary: FsckSummary }
  /** The last line when it could not be gone on with. */
  | { readonly failure: { readonly code: string; readonly detail: string } };

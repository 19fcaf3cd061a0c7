/** Files and directories as WebHDFS tells of them: "FileStatus JSON Schema" of its specification. */
import type { FileInode, Inode } from '../namespace/inode.ts';
import type { Tally } from '../namespace/records.ts';

export interface FileStatus {
  readonly accessTime: number;
  readonly blockSize: number;
  readonly childrenNum: number;
  readonly fileId: number;
  readonly group: string;
  readonly length: number;
  readonly modificationTime: number;
  readonly owner: string;
  /** Empty when it is the path that was asked for. */
  readonly pathSuffix: string;
  /** Octal. */
  readonly permission: string;
  readonly replication: number;
  readonly storagePolicy: 0;
  readonly type: 'FILE' | 'DIRECTORY';
}

/** `tally`: of a directory. */
export function statusOf(inode: Inode, pathSuffix: string, tally: Tally | undefined): FileStatus {
  const isFile = inode.kind !== 'directory';
  return {
    accessTime: inode.accessedMs,
    blockSize: isFile ? inode.blockBytes : 0,
    childrenNum: tally?.children ?? 0,
    fileId: inode.id,
    group: inode.group,
    length: isFile ? inode.size : 0,
    modificationTime: Math.max(inode.modifiedMs, tally?.modifiedMs ?? 0),
    owner: inode.owner,
    pathSuffix,
    permission: modeText(inode.permission),
    replication: isFile ? inode.replication : 0,
    storagePolicy: 0,
    type: isFile ? 'FILE' : 'DIRECTORY',
  };
}

export function modeText(permission: number): string {
  return (permission & 0o1777).toString(8);
}

/** The file lies encrypted, and only the S3 door has its key. */
export function isSealed({ object }: FileInode): boolean {
  return object.length > 0 && 'sse' in (JSON.parse(object.toString()) as Record<string, string>);
}

/** What the S3 door keeps of a file whose bytes have changed: its checksum and the numbers of its parts have gone. */
export function objectAfterChange({ object }: FileInode): Buffer {
  if (object.length === 0) return object;
  const kept = JSON.parse(object.toString()) as Record<string, string>;
  delete kept.checksum;
  delete kept.parts;
  return Buffer.from(JSON.stringify(kept));
}

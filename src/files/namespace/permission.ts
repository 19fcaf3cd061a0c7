/**
 * POSIX permissions as HDFS has them: owner, group, others, the sticky bit, a superuser to whom all is open.
 *
 * A caller that is left out is a door that has asked its own rules already, and may do everything.
 * HDFS permissions guide: https://hadoop.apache.org/docs/r3.3.6/hadoop-project-dist/hadoop-hdfs/HdfsPermissionsGuide.html
 */
import { FilesError } from '../errors.ts';
import type { DirectoryInode, Inode } from './inode.ts';

export const Access = { execute: 1, write: 2, read: 4 } as const;
const STICKY = 0o1000;

export class Caller {
  readonly user: string;
  readonly groups: readonly string[];
  readonly isSuperuser: boolean;

  constructor(user: string, groups: readonly string[], isSuperuser: boolean) {
    this.user = user;
    this.groups = groups;
    this.isSuperuser = isSuperuser;
  }

  /** Whether the mode of an inode has all of the bits for this caller. */
  may(inode: Inode, access: number): boolean {
    if (this.isSuperuser) return true;
    const { permission } = inode;
    let bits = permission;
    if (inode.owner === this.user) bits = permission >> 6;
    else if (this.groups.includes(inode.group)) bits = permission >> 3;
    return (bits & access) === access;
  }

  owns(inode: Inode): boolean {
    return this.isSuperuser || inode.owner === this.user;
  }

  /** To make a name in a directory. @throws FilesError 'permission-denied'. */
  mayWrite(directory: DirectoryInode, name: string): void {
    this.need(directory, Access.write | Access.execute, name);
  }

  /** To take a name out of a directory. @throws FilesError 'permission-denied'. */
  mayRemove(directory: DirectoryInode, inode: Inode, name: string): void {
    this.mayWrite(directory, name);
    const isSticky = (directory.permission & STICKY) !== 0;
    if (isSticky && !this.owns(directory) && !this.owns(inode))
      throw this.denied(name, 'sticky bit');
  }

  /** @throws FilesError 'permission-denied'. */
  need(inode: Inode, access: number, name: string): void {
    if (!this.may(inode, access)) throw this.denied(name, `access ${access} is asked for`);
  }

  /** To change what only an owner may change. @throws FilesError 'permission-denied'. */
  needOwner(inode: Inode, name: string): void {
    if (!this.owns(inode)) throw this.denied(name, `it belongs to ${inode.owner}`);
  }

  private denied(name: string, why: string): FilesError {
    return new FilesError('permission-denied', `${this.user}, ${name}: ${why}`);
  }
}

/** @throws FilesError 'permission-denied' when names in the directory may not be looked up. */
export function mayTraverse(
  directory: DirectoryInode,
  caller: Caller | undefined,
  name: string,
): void {
  caller?.need(directory, Access.execute, name);
}

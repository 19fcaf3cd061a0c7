/** The file of users on a disk: replaced whole, so that a crash leaves the old users or the new. */
import type { Disk } from '../../core/runtime/index.ts';
import { readFileWhole, writeFileAtomic } from '../../core/store/index.ts';
import type { AclStore } from './file.ts';

export function aclFileOn(disk: Disk, path: string): AclStore {
  return {
    path,
    read: () => readFileWhole(disk, path),
    write: (bytes) => writeFileAtomic(disk, path, bytes),
  };
}

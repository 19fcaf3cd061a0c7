/** A file system of few bytes, for what happens when it is full. */
import { spawnSync } from 'node:child_process';
import { temporaryFolder } from './process.ts';

/** Mounts a small tmpfs; undefined where that is not permitted. */
export function smallDisk(bytes: number): { readonly path: string; remove(): void } | undefined {
  const folder = temporaryFolder('plinth-full');
  const options = ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder.path];
  if (spawnSync('mount', options, { stdio: 'ignore' }).status !== 0) {
    folder.remove();
    return undefined;
  }
  return {
    path: folder.path,
    remove: () => {
      spawnSync('umount', ['-l', folder.path], { stdio: 'ignore' });
      folder.remove();
    },
  };
}

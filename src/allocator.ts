/**
 * Tells glibc's allocator, which can be told only by the environment of a new program, how a store wants
 * its memory: in pages of 2 MiB where the kernel has them, and large blocks always by themselves, so that
 * they can be given back. docs/linux.md has what that brings. The program starts itself anew for it, as
 * the same process.
 */

const TUNABLES = 'glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4194304';

interface ProcessLike {
  readonly platform: string;
  readonly env: NodeJS.ProcessEnv;
  readonly execPath: string;
  readonly execArgv: readonly string[];
  readonly argv: readonly string[];
  readonly connected: boolean;
  execve?(file: string, args: readonly string[], env: NodeJS.ProcessEnv): void;
}

/**
 * Does not return when it starts the program anew. Does nothing when GLIBC_TUNABLES is set already (also
 * to nothing: that switches it off), off Linux, or for the child of a Node process that talks to it.
 */
export function tuneAllocator(self: ProcessLike): void {
  if (self.platform !== 'linux' || self.execve === undefined) return;
  if (self.env.GLIBC_TUNABLES !== undefined || self.connected) return;
  const args = [self.execPath, ...self.execArgv, ...self.argv.slice(1)];
  self.execve(self.execPath, args, { ...self.env, GLIBC_TUNABLES: TUNABLES });
}

/**
 * Starting other processes.
 */
export interface SpawnOptions {
  /** The program, then its arguments; no shell in between. */
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  readonly workingFolder?: string;
  /** Called with what the child prints on standard output and standard error. */
  onOutput?(chunk: Buffer, from: 'stdout' | 'stderr'): void;
}

/** How a child ended: `code` or, when a signal ended it, `signal`. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface Child {
  readonly pid: number;
  /** Resolves once, when the child is gone. */
  readonly exited: Promise<ChildExit>;
  /** Sends a signal; false when the child is gone already. */
  kill(signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT' | 'SIGHUP'): boolean;
}

export interface Spawn {
  /** @throws with code ENOENT, EACCES, EAGAIN when the program cannot be started. */
  spawn(options: SpawnOptions): Promise<Child>;
}

/**
 * redlock 5 has types that its own `exports` hide from `nodenext`; these are the part we use.
 */
declare module 'redlock' {
  import type { Redis } from 'ioredis';

  export class ExecutionError extends Error {}
  export class ResourceLockedError extends Error {}
  export class Lock {
    readonly value: string;
    expiration: number;
    release(): Promise<unknown>;
    extend(durationMs: number): Promise<Lock>;
  }
  export type Settings = {
    readonly retryCount?: number;
    readonly retryDelay?: number;
    readonly retryJitter?: number;
    readonly automaticExtensionThreshold?: number;
  };
  export default class Redlock {
    constructor(clients: Iterable<Redis>, settings?: Settings);
    acquire(resources: string[], durationMs: number, settings?: Settings): Promise<Lock>;
    using<T>(
      resources: string[],
      durationMs: number,
      settings: Settings,
      routine: (signal: AbortSignal) => Promise<T>,
    ): Promise<T>;
  }
}

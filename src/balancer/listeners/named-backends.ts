/** A pool that is looked up by its name whenever a session needs it: pools are swapped under listeners. */
import type { Backends } from '../l4/backends.ts';

export type BackendsNamed = (pool: string) => Backends | undefined;

export class NamedBackends implements Backends {
  private readonly name: string;
  private readonly find: BackendsNamed;

  constructor(name: string, find: BackendsNamed) {
    this.name = name;
    this.find = find;
  }

  get connectMs(): number {
    return this.find(this.name)?.connectMs ?? 1;
  }

  get source(): string | undefined {
    return this.find(this.name)?.source;
  }

  get proxyProtocol(): Backends['proxyProtocol'] {
    return this.find(this.name)?.proxyProtocol ?? 'no';
  }

  choose(...args: Parameters<Backends['choose']>): ReturnType<Backends['choose']> {
    return this.find(this.name)?.choose(...args);
  }

  mayRetry(attempts: number, nowMs: number): boolean {
    return this.find(this.name)?.mayRetry(attempts, nowMs) ?? false;
  }
}

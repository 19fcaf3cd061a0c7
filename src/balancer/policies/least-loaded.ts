/** The common part of the policies that take the candidate with the least work. */
import type { Level } from '../servers/level.ts';
import type { Server } from '../servers/server.ts';
import { LoadHeap } from './load-heap.ts';
import { acceptable, type Choice, type Policy } from './policy.ts';

export abstract class LeastLoaded implements Policy {
  private readonly level: Level;
  private readonly heap: LoadHeap;

  constructor(level: Level, loadOf: (server: Server) => number) {
    this.level = level;
    this.heap = new LoadHeap(loadOf);
    this.changed();
  }

  changed(): void {
    this.heap.gather(this.level.candidates);
  }

  choose(choice: Choice): Server | undefined {
    const { candidates } = this.level;
    if (candidates.length === 0) return undefined;
    let chosen: Server | undefined = candidates[this.heap.top()]!;
    // The least loaded was tried already: rare enough to look at all.
    if (!acceptable(chosen, choice)) chosen = this.leastAcceptable(choice);
    if (chosen !== undefined) this.heap.chosen(chosen.slot);
    return chosen;
  }

  loadChanged(server: Server): void {
    if (server.slot !== -1) this.heap.changed(server);
  }

  answered(): void {}

  private leastAcceptable(choice: Choice): Server | undefined {
    let least: Server | undefined;
    for (const server of this.level.candidates) {
      if (!acceptable(server, choice)) continue;
      if (least === undefined || this.heap.before(server.slot, least.slot)) least = server;
    }
    return least;
  }
}

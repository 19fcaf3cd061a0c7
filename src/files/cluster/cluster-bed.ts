/** Test support: a cluster's state whose nodes do what the test says, without a world around it. */
import assert from 'node:assert/strict';
import { createSimRandom } from '../../core/runtime/sim/index.ts';
import { ClusterState } from './cluster-state.ts';
import type { DiskFacts, NodeFacts } from './facts.ts';
import type { ClusterOptions } from './options.ts';
import type { Work } from './work.ts';

export const GIB = 2 ** 30;
export const none = (): undefined => undefined;

export function disk(freeBytes: number, state: DiskFacts['state'] = 'open'): DiskFacts {
  return { id: 'd', state, totalBytes: 100 * GIB, freeBytes };
}

/** Nodes n0, n1, ... of the given racks, which have reported that they have nothing. */
export class Bed {
  readonly state: ClusterState;
  readonly alive = new Map<string, NodeFacts>();
  nowMs = 0;

  constructor(racks: readonly string[], options: Partial<ClusterOptions> = {}) {
    this.state = new ClusterState({ random: createSimRandom(7), startedMs: 0, ...options });
    for (const [nth, rack] of racks.entries()) {
      const facts = { id: `n${nth}`, address: `n${nth}:1`, rack, disks: [disk(50 * GIB)] };
      this.alive.set(facts.id, facts);
      this.state.register(facts, 0);
      this.report(facts.id, []);
    }
    this.pass(60_000);
  }

  report(id: string, blocks: readonly number[], stamp = 1): void {
    this.state.beginReport(id);
    const replicas = blocks.map((block) => ({ block, stamp, length: 10 }));
    assert.deepEqual(this.state.reportPage(id, replicas, none), []);
    this.state.endReport(id);
  }

  /** Time with heartbeats of those that are alive. */
  pass(ms: number): void {
    for (const end = this.nowMs + ms; this.nowMs < end; ) {
      this.nowMs = Math.min(end, this.nowMs + 1000);
      for (const { id, disks } of this.alive.values()) {
        this.state.heartbeat(id, { disks, transfers: 0 }, this.nowMs);
      }
      this.state.tick(this.nowMs);
    }
  }

  expect(block: number, holders: readonly string[], replication = holders.length): void {
    this.state.expect({ block, stamp: 1, length: 10, replication }, holders);
  }

  plan(): readonly Work[] {
    return this.state.plan(this.nowMs);
  }

  /** Carries out what is planned until nothing is. @returns all of it. */
  settle(): Work[] {
    const all: Work[] = [];
    for (let rounds = 0; rounds < 50; rounds++) {
      const plan = this.plan();
      for (const work of plan) this.state.done(work, 'done', this.nowMs);
      all.push(...plan);
      if (plan.length === 0) break;
    }
    return all;
  }

  holders(block: number): string[] {
    return [...this.state.replicas(block, 1)].sort();
  }

  rackOf(id: string): string {
    return this.alive.get(id)!.rack;
  }
}

/**
 * The servers of one priority, and among them the candidates: those that may be chosen now.
 *
 * Members are fixed for the life of a level; a change of members is a new level. Candidates are kept in the
 * order of the members and change only when a server's causes do, so that choosing looks at no server that
 * is out. Invariants: `candidates[s.slot] === s` for each candidate, `slot` is -1 for all others;
 * `weight` and `active` are the sums over the candidates.
 */

import type { Server } from './server.ts';
import { forbidsInPanic, forbidsNewWork } from './server-causes.ts';

export class Level {
  readonly priority: number;
  readonly members: readonly Server[];
  readonly candidates: Server[] = [];
  /** Sums over the candidates. */
  weight = 0;
  active = 0;
  /** Members that take new work, and members that no operator took out. */
  healthy = 0;
  expected = 0;
  /** Whether all that may be used in panic are candidates. */
  panic = false;
  /** Part of the new work that this level gets, 0 to 1. */
  share = 0;
  /** The greatest `Server.share` among the candidates, 1 unless all are starting. */
  startingMax = 1;
  /** Whether any candidate has a share below `startingMax`. */
  anyStarting = false;

  constructor(priority: number, index: number, members: readonly Server[]) {
    this.priority = priority;
    this.members = members;
    members.forEach((server, member) => {
      server.level = index;
      server.member = member;
      server.slot = -1;
    });
    this.count();
  }

  /** Counts the healthy and the expected again. */
  count(): void {
    this.healthy = 0;
    this.expected = 0;
    for (const server of this.members) {
      if (takesNewWork(server)) this.healthy++;
      if (takesInPanic(server)) this.expected++;
    }
  }

  /** Makes the list of candidates anew. */
  gather(panic: boolean): void {
    this.panic = panic;
    for (const server of this.candidates) server.slot = -1;
    this.candidates.length = 0;
    this.weight = 0;
    this.active = 0;
    for (const server of this.members) {
      if (!(panic ? takesInPanic(server) : takesNewWork(server))) continue;
      server.slot = this.candidates.length;
      this.candidates.push(server);
      this.weight += server.weight;
      this.active += server.active;
    }
    this.gatherShares();
  }

  /** Looks again at how far the starting servers are. */
  gatherShares(): void {
    let max = 0;
    let min = 1;
    for (const { share } of this.candidates) {
      if (share > max) max = share;
      if (share < min) min = share;
    }
    this.startingMax = max === 0 ? 1 : max;
    this.anyStarting = min < this.startingMax;
  }
}

function takesNewWork(server: Server): boolean {
  return server.weight > 0 && (server.causes & forbidsNewWork) === 0;
}

function takesInPanic(server: Server): boolean {
  return server.weight > 0 && (server.causes & forbidsInPanic) === 0;
}

/** Requests that wait for what the disk has under their key. */
import type { Visit, Waiting } from '../stage/visit.ts';

export class Loading implements Waiting {
  /** An unsafe request has come since it began: what it brings is of no use. */
  overtaken = false;
  private readonly visits = new Set<Visit>();

  wait(visit: Visit): void {
    visit.wait(this);
    this.visits.add(visit);
  }

  leave(visit: Visit): void {
    this.visits.delete(visit);
  }

  /** Those who wait; nobody waits any more. */
  take(): Visit[] {
    const all = [...this.visits];
    this.visits.clear();
    for (const visit of all) visit.go();
    return all;
  }
}

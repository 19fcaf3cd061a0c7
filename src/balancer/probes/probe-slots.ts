/**
 * How many checks are made at a time, over all pools: thousands of servers that are found at once are not
 * dialled at once. Who is too many waits, in the order of asking.
 */

/** Checks at a time; each costs a descriptor. */
export const PROBES_MAX = 128;

/** A place, held or waited for. */
export class ProbeTicket {
  readonly run: () => void;
  held = false;

  constructor(run: () => void) {
    this.run = run;
  }
}

export class ProbeSlots {
  private readonly max: number;
  private readonly waiting = new Set<ProbeTicket>();
  private held = 0;

  constructor(max: number = PROBES_MAX) {
    this.max = max;
  }

  /** Places held, and those who wait for one. */
  get counts(): { readonly held: number; readonly waiting: number } {
    return { held: this.held, waiting: this.waiting.size };
  }

  /** Calls `run`, inside this call or later, when there is a place. The ticket is to be given back. */
  take(run: () => void): ProbeTicket {
    const ticket = new ProbeTicket(run);
    if (this.held < this.max) this.begin(ticket);
    else this.waiting.add(ticket);
    return ticket;
  }

  /** Gives the place up, or waits for none any more. Twice does nothing. */
  giveBack(ticket: ProbeTicket): void {
    this.waiting.delete(ticket);
    if (!ticket.held) return;
    ticket.held = false;
    this.held--;
    for (const next of this.waiting) {
      if (this.held >= this.max) return;
      this.waiting.delete(next);
      this.begin(next);
    }
  }

  private begin(ticket: ProbeTicket): void {
    ticket.held = true;
    this.held++;
    ticket.run();
  }
}

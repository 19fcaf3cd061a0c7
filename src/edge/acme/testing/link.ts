/** A link between PoPs of one process, for tests; nothing of the program imports it. */
import type { Sharing } from '../sharing.ts';

/** Ends of one link. What is published goes through JSON, to every other end that is not cut off. */
export class Link {
  private readonly ends: {
    isCut: boolean;
    listeners: ((kind: string, value: unknown) => void)[];
  }[] = [];
  /** All that was published, as it went over the wire. */
  readonly wire: string[] = [];

  end(): Sharing & { isCut: boolean } {
    const own: (typeof this.ends)[number] = { isCut: false, listeners: [] };
    this.ends.push(own);
    return {
      get isCut() {
        return own.isCut;
      },
      set isCut(cut) {
        own.isCut = cut;
      },
      publish: async (kind, value) => {
        const text = JSON.stringify([kind, value]);
        this.wire.push(text);
        if (own.isCut) return;
        for (const end of this.ends) {
          if (end === own || end.isCut) continue;
          const [k, v] = JSON.parse(text) as [string, unknown];
          for (const listener of end.listeners) listener(k, v);
        }
      },
      onReceived: (listener) => void own.listeners.push(listener),
    };
  }
}

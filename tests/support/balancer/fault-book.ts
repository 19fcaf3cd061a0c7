/**
 * What servers did wrong on purpose, so that what clients see can be explained, and what they were asked to do, so
 * that nothing is done twice.
 */
import { createHash } from 'node:crypto';

interface Broken {
  readonly server: string;
  readonly fromMs: number;
  toMs: number;
}

export class FaultBook {
  /** False: servers behave. */
  storm = false;
  /** Faults made while a request was worked on, by the request. */
  private readonly faults = new Map<string, string[]>();
  /** Each time that a server got the head of a request: which, and what it then did. */
  private readonly begun = new Map<string, string[]>();
  private readonly whole = new Map<string, number>();
  private readonly changes: string[] = [];
  private readonly broken: Broken[] = [];
  readonly counts = new Map<string, number>();

  /** Changes of settings, for messages. */
  notes(change: string): void {
    this.changes.push(`${change} at ${at(performance.now())}`);
    if (this.changes.length > CHANGES_SHOWN) this.changes.shift();
  }

  /** What is known beside: how far servers got with a request, and what was changed last. */
  context(id: string): string {
    const whole = this.whole.get(id);
    const how = whole === undefined ? 'never whole' : `whole at ${at(whole)}`;
    const begun = this.begun.get(id) ?? [];
    return `${at(performance.now())}; begun ${begun.length} times (${begun.join(', ')}), ${how}; ${this.changes.join(', ')}`;
  }

  /** A server has got all of it. */
  gotWhole(id: string): void {
    this.whole.set(id, performance.now());
  }

  begins(id: string, how: string): void {
    const known = this.begun.get(id);
    if (known === undefined) this.begun.set(id, [how]);
    else known.push(how);
  }

  faulty(id: string, fault: string): void {
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
    const known = this.faults.get(id);
    if (known === undefined) this.faults.set(id, [fault]);
    else known.push(fault);
  }

  /** A connection, or the whole server, breaks off; `toMs` of it can be moved. */
  breaks(server: string, kind: string): Broken {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    const nowMs = performance.now();
    const broken = { server, fromMs: nowMs, toMs: nowMs };
    this.broken.push(broken);
    if (this.broken.length > 20_000) this.broken.splice(0, 10_000);
    return broken;
  }

  /** Why this request may have failed since `sinceMs`; undefined when it must not. */
  explains(id: string, sinceMs: number): string | undefined {
    const own = this.faults.get(id);
    if (own !== undefined) return own.join(', ');
    const near = this.broken.findLast(({ toMs }) => toMs >= sinceMs - NEAR_MS);
    return near === undefined ? undefined : `${near.server} broke off`;
  }

  /** Forgets what is known of a request that is over. @returns a sentence when it was begun more than once */
  over(id: string, repeatable: boolean): string | undefined {
    const times = this.begun.get(id)?.length ?? 0;
    // Servers may still be at work on what its client has left.
    return times > 1 && !repeatable ? `${id} was begun ${times} times` : undefined;
  }

  forget(id: string): void {
    this.faults.delete(id);
    this.begun.delete(id);
    this.whole.delete(id);
  }
}

/** A server that broke off is noticed by a request that was sent to it so much later at most. */
const NEAR_MS = 1000;
const CHANGES_SHOWN = 6;

function at(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

const pattern = (() => {
  const bytes = new Uint32Array(1 << 18);
  let state = 1;
  for (let i = 0; i < bytes.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return Buffer.from(bytes.buffer);
})();

/** Bytes that follow from a text: each 4 KiB of them begins with a hash of the text and its place. */
export function bodyOf(text: string, size: number): Buffer {
  const body = Buffer.allocUnsafe(size);
  for (let at = 0; at < size; at += 4096) {
    const hash = createHash('sha256').update(`${text}@${at}`).digest();
    const from = hash.readUInt32BE(0) % (pattern.length - 4096);
    pattern.copy(body, at, from, from + Math.min(4096, size - at));
    hash.copy(body, at, 0, Math.min(32, size - at));
  }
  return body;
}

export function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

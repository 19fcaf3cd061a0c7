/**
 * Scripts by the SHA-1 of their text. Those that EVAL brought in are forgotten, longest unused first,
 * when there are too many; those of SCRIPT LOAD stay until SCRIPT FLUSH (as in Redis 7.4).
 *
 * EVAL of a text that was met before finds its script by comparing bytes, which is cheaper than
 * computing the digest each time.
 *
 * Benchmark: bench/kv.
 */
import { hash } from 'node:crypto';
import type { LuaFunction } from '../lua/index.ts';
import { equalBytes, hashBytes } from '../memory/index.ts';

/** Scripts of EVAL that are kept. */
export const EVAL_SCRIPTS_MAX = 500;
const SLOTS = 1024;
/** Bytes at either end of a text that choose its slot. */
const SAMPLE_BYTES = 32;

export interface Script {
  readonly sha: string;
  readonly body: Buffer;
  /** ScriptFlag bits. */
  readonly flags: number;
  readonly main: LuaFunction;
}

interface Entry extends Script {
  /** Loaded by SCRIPT LOAD. */
  permanent: boolean;
  /** Count of uses of the cache at the last use. */
  usedAt: number;
}

export class ScriptCache {
  private readonly bySha = new Map<string, Entry>();
  private readonly slots: (Entry | undefined)[] = new Array(SLOTS).fill(undefined);
  private uses = 0;
  /** Scripts of EVAL among them. */
  private passing = 0;
  /** Scripts forgotten since the start. */
  evicted = 0;
  /** Bytes of all texts. */
  bytes = 0;

  get count(): number {
    return this.bySha.size;
  }

  /** The script with a text that was met before. */
  find(buf: Buffer, start: number, length: number): Script | undefined {
    const entry = this.slots[slotOf(buf, start, length)];
    if (
      entry === undefined ||
      entry.body.length !== length ||
      !equalBytes(buf, start, entry.body, 0, length)
    ) {
      return undefined;
    }
    entry.usedAt = ++this.uses;
    return entry;
  }

  /** The script with a digest in lower case. */
  get(sha: string): Script | undefined {
    const entry = this.bySha.get(sha);
    if (entry !== undefined) entry.usedAt = ++this.uses;
    return entry;
  }

  has(sha: string): boolean {
    return this.bySha.has(sha);
  }

  /** Keeps a script, or the one that is there with the same text; `permanent` for SCRIPT LOAD. */
  add(script: Script, permanent: boolean): void {
    let entry = this.bySha.get(script.sha);
    if (entry === undefined) {
      entry = { ...script, permanent, usedAt: ++this.uses };
      this.bySha.set(script.sha, entry);
      this.bytes += script.body.length;
      if (!permanent) {
        this.passing++;
        if (this.passing > EVAL_SCRIPTS_MAX) this.forgetOldest(entry);
      }
    } else if (permanent && !entry.permanent) {
      entry.permanent = true;
      this.passing--;
    }
    this.slots[slotOf(script.body, 0, script.body.length)] = entry;
  }

  private forgetOldest(newest: Entry): void {
    let oldest = newest;
    for (const entry of this.bySha.values()) {
      if (!entry.permanent && entry.usedAt < oldest.usedAt) oldest = entry;
    }
    this.bySha.delete(oldest.sha);
    this.bytes -= oldest.body.length;
    this.passing--;
    this.evicted++;
    const slot = slotOf(oldest.body, 0, oldest.body.length);
    if (this.slots[slot] === oldest) this.slots[slot] = undefined;
  }

  clear(): void {
    this.bySha.clear();
    this.slots.fill(undefined);
    this.passing = 0;
    this.bytes = 0;
  }
}

export function shaOf(body: Buffer): string {
  return hash('sha1', body, 'hex');
}

function slotOf(buf: Buffer, start: number, length: number): number {
  if (length <= 2 * SAMPLE_BYTES) return hashBytes(buf, start, length, length) % SLOTS;
  const head = hashBytes(buf, start, SAMPLE_BYTES, length);
  return hashBytes(buf, start + length - SAMPLE_BYTES, SAMPLE_BYTES, head) % SLOTS;
}

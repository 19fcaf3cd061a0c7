/**
 * One request that is not answered at once: what is known of it, and what it waits for.
 *
 * Invariant: while it waits for something, that lists it; when the client leaves, both forget each other.
 */
import type { Exchange, ResponseFlow } from '../../core/http/index.ts';
import { FieldId, type Fields, MethodId } from '../../core/wire/index.ts';
import { type Directives, NO_DIRECTIVES, parseCacheControl } from '../policy/index.ts';
import { RequestFlag } from './request-flags.ts';
import type { SlicedResponse } from './sliced-response.ts';

/** What a request may wait for. */
export interface Waiting {
  /** It waits no more. */
  leave(visit: Visit): void;
}

export class Visit implements ResponseFlow {
  readonly exchange: Exchange;
  readonly key: string;
  readonly flags: number;
  /** It has waited for a fetch of another one. */
  collapsed = false;
  /** What is stored would do but for what the request wants. */
  wantsNewer = false;
  /** It has been sent back to look again; not for ever. */
  rounds = 0;
  /** The disk has been asked. */
  askedDisk = false;
  /** It is for a slice of what a client has asked for. */
  slice: SlicedResponse | null = null;
  /** Slices are of no use to it. */
  unsliced = false;
  private awaits: Waiting | null = null;
  private read: Directives | null = null;

  constructor(exchange: Exchange, key: string, flags: number) {
    this.exchange = exchange;
    this.key = key;
    this.flags = flags;
  }

  get isHead(): boolean {
    return this.exchange.request.method === MethodId.head;
  }

  has(flags: number): boolean {
    return (this.flags & flags) !== 0;
  }

  get directives(): Directives {
    this.read ??= this.has(RequestFlag.directives)
      ? directivesOf(this.exchange.request.fields)
      : NO_DIRECTIVES;
    return this.read;
  }

  /** Waits, until `go`. */
  wait(awaits: Waiting): void {
    this.awaits = awaits;
    this.exchange.flow = this;
  }

  /** What it waited for has come. */
  go(): void {
    this.awaits = null;
    if (this.exchange.flow === this) this.exchange.flow = null;
  }

  onDrain(): void {
    // Nothing has been sent yet.
  }

  onAbort(): void {
    this.awaits?.leave(this);
    this.awaits = null;
  }
}

/** RFC 9111 section 5.4: Pragma counts where there is no Cache-Control. */
export function directivesOf(request: Fields): Directives {
  const list = request.getList(FieldId.cacheControl);
  if (list !== undefined) return parseCacheControl(list);
  const pragma = request.getList(FieldId.pragma) ?? '';
  return parseCacheControl(pragma).has('no-cache') ? NO_CACHE : NO_DIRECTIVES;
}

const NO_CACHE = parseCacheControl('no-cache');

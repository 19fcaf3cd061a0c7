/**
 * Test support: what the engine and the store it is compared with have in common, so that one suite and
 * one model hold for both.
 */

export type Operation =
  | { readonly kind: 'put'; readonly key: Buffer; readonly value: Buffer; readonly until?: number }
  | { readonly kind: 'delete'; readonly key: Buffer }
  | { readonly kind: 'deleteRange'; readonly from: Buffer; readonly to: Buffer };

/** The store as it was at a moment. */
export interface View {
  release(): void;
}

export interface Range {
  readonly from?: Buffer;
  readonly to?: Buffer;
  readonly reverse?: boolean;
  readonly view?: View;
}

export type Pair = readonly [key: Buffer, value: Buffer];

export interface Walk {
  /** Some pairs more, as they are now; none: it is over. */
  next(): Promise<Pair[]>;
  close(): Promise<void>;
}

export interface OrderedStore {
  write(operations: readonly Operation[], sync?: boolean): Promise<void> | undefined;
  /** At once, when it is known at once. */
  get(key: Buffer, view?: View): Buffer | null | Promise<Buffer | null>;
  view(): View;
  walk(range: Range): Walk;
  /** What is in memory goes to tables. */
  flush(): Promise<void>;
  /** Everything is merged as far as it goes. */
  compact(from?: Buffer, to?: Buffer): Promise<void>;
  /** Lets work in the background go on for a while. */
  breathe(): Promise<void>;
  reopen(): Promise<void>;
  close(): Promise<void>;
}

export const put = (key: string | Buffer, value: string | Buffer, until = 0): Operation => ({
  kind: 'put',
  key: Buffer.from(key as string, 'latin1'),
  value: Buffer.from(value as string, 'latin1'),
  ...(until > 0 && { until }),
});

export const remove = (key: string): Operation => ({
  kind: 'delete',
  key: Buffer.from(key, 'latin1'),
});

export const removeRange = (from: string, to: string): Operation => ({
  kind: 'deleteRange',
  from: Buffer.from(from, 'latin1'),
  to: Buffer.from(to, 'latin1'),
});

/** Everything in a range. */
export async function collect(store: OrderedStore, range: Range = {}): Promise<Pair[]> {
  const walk = store.walk(range);
  const all: Pair[] = [];
  for (;;) {
    const pairs = await walk.next();
    if (pairs.length === 0) break;
    all.push(...pairs);
  }
  await walk.close();
  return all;
}

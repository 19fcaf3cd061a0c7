/** What several list commands do. */
import type { Call } from '../../command/call.ts';
import { Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { Notify } from '../../notify.ts';
import { COUNT_BYTES, initEmpty, lengthOf, limitsOf, push } from '../../values/list/index.ts';

export const listFamily = { acl: ['list'], group: 'list' } as const;

export type ListEnd = 'left' | 'right';

/** The list at an argument, made when missing. */
export function listForPush(call: Call, record: Address, index: number): Address {
  if (record !== 0) return record;
  const created = call.create(index, Type.list, COUNT_BYTES);
  initEmpty(call.db, created);
  return created;
}

/** Pushes arguments [from, to) one after the other to an end; returns the record. */
export function pushArguments(
  call: Call,
  record: Address,
  end: ListEnd,
  from: number,
  to: number,
): Address {
  const { args, db, engine } = call;
  const limits = limitsOf(engine.settings);
  let list = record;
  for (let i = from; i < to; i++) {
    list = push(db, list, limits, end === 'left', args.buf, args.start(i), args.length(i));
  }
  return list;
}

/**
 * Elements were removed from the list at an argument: says so, and removes the key when nothing is
 * left. `event` is the removing command's.
 */
export function afterRemoval(call: Call, index: number, record: Address, event: string): void {
  call.changed(index, Notify.list, event);
  if (lengthOf(call.db, record) > 0) return;
  call.db.remove(record);
  call.changed(index, Notify.generic, 'del');
}

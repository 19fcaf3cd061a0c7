/** What the batches of a process that is killed hold: each follows from its number alone. */
import { type Operation, put } from '../../../src/core/store/lsm/ordered-store.ts';

export const NUMBER_KEY = '#';
const KEYS = 700;
/** An owner with a log of its own ends a group with each batch whose number is divided by this: its mark. */
export const GROUP_BATCHES = 17;

export type LogOf = 'own' | 'owner';

export function operationsOf(number: number): Operation[] {
  const operations: Operation[] = [put(NUMBER_KEY, String(number))];
  for (let nth = 0; nth < 1 + (number % 4); nth++) {
    const key = (number * 7919 + nth * 104_729) % KEYS;
    if ((number + nth) % 11 === 0) {
      operations.push({ kind: 'delete', key: Buffer.from(nameOf(key)) });
    } else operations.push(put(nameOf(key), `${number}/${nth}/`.padEnd((number * 37) % 600, 'x')));
  }
  if (number % 97 === 0) {
    const from = (number * 31) % KEYS;
    operations.push({
      kind: 'deleteRange',
      from: Buffer.from(nameOf(from)),
      to: Buffer.from(nameOf(from + 20)),
    });
  }
  if (number % 499 === 0) operations.push(put('large', `${number}/`.padEnd(150_000, 'y')));
  return operations;
}

function nameOf(key: number): string {
  return `key-${String(key).padStart(4, '0')}`;
}

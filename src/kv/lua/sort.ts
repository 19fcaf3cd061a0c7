/**
 * `table.sort`: quicksort with the median of three, in the order of comparisons of Lua 5.1, so that
 * unstable results and "invalid order function" come out as there.
 */
import { callValue, lessThan, runtimeError } from './operations.ts';
import type { LuaTable } from './table.ts';
import { first, type LuaFunction, type LuaValue } from './value.ts';
import { tick, vm } from './vm.ts';

type Less = (a: LuaValue, b: LuaValue) => boolean;

/**
 * Sorts the list part in place. Plain numbers and plain strings need no order of comparisons to be
 * kept, because equal ones can not be told apart.
 */
export function sortTable(table: LuaTable, order: LuaFunction | undefined): void {
  const list = table.arr;
  vm.ticks -= list.length;
  if (order === undefined) {
    if (list.every((x) => typeof x === 'number' && !Number.isNaN(x))) {
      Float64Array.from(list as number[])
        .sort()
        .forEach((x, i) => {
          list[i] = x;
        });
    } else if (list.every((x) => typeof x === 'string')) list.sort();
    else nativeSort(list, lessThan);
    return;
  }
  try {
    nativeSort(list, (a, b) => {
      const result = first(callValue(order, a, b));
      return result !== undefined && result !== false;
    });
  } finally {
    // The order function may have cut the list.
    table.trim();
  }
}

function counted(less: Less, a: LuaValue, b: LuaValue): boolean {
  if (--vm.ticks < 0) tick();
  return less(a, b);
}

function swap(a: LuaValue[], i: number, j: number): void {
  const held = a[i];
  a[i] = a[j];
  a[j] = held;
}

/** Sorts a[lower..upper], recursing into the smaller part only, as the reference does. */
function nativeSort(a: LuaValue[], less: Less, from = 0, to = a.length - 1): void {
  let lower = from;
  let upper = to;
  while (lower < upper) {
    if (counted(less, a[upper], a[lower])) swap(a, lower, upper);
    if (upper - lower === 1) return;
    const middle = Math.floor((lower + upper + 2) / 2) - 1;
    if (counted(less, a[middle], a[lower])) swap(a, middle, lower);
    else if (counted(less, a[upper], a[middle])) swap(a, middle, upper);
    if (upper - lower === 2) return;
    const pivot = a[middle];
    swap(a, middle, upper - 1);
    const i = partition(a, less, lower, upper, pivot);
    if (i - lower < upper - i) {
      nativeSort(a, less, lower, i - 1);
      lower = i + 1;
    } else {
      nativeSort(a, less, i + 1, upper);
      upper = i - 1;
    }
  }
}

function partition(
  a: LuaValue[],
  less: Less,
  lower: number,
  upper: number,
  pivot: LuaValue,
): number {
  let i = lower;
  let j = upper - 1;
  for (;;) {
    while (counted(less, a[++i], pivot)) {
      if (i > upper) throw runtimeError('invalid order function for sorting');
    }
    while (counted(less, pivot, a[--j])) {
      if (j < lower) throw runtimeError('invalid order function for sorting');
    }
    if (j < i) break;
    swap(a, i, j);
  }
  swap(a, upper - 1, i);
  return i;
}

/**
 * The gauges of the script that runs now: steps, call depth, memory.
 *
 * Promise: one script runs at a time on a thread (runs are synchronous), so the gauges are one
 * object that compiled code reads without indirection; a state puts its own figures in when it
 * enters and takes them out when it leaves. Memory is a rough sum of what was allocated; only when
 * it passes the limit is the real heap asked, because most of the sum is garbage by then.
 */
import { type LuaError, luaError } from './errors.ts';
import { where } from './position.ts';
import type { LuaTable } from './table.ts';

export interface Gauges {
  /** Steps left until the hook is called. */
  ticks: number;
  ticksEvery: number;
  hook: ((counts: number) => unknown) | undefined;
  /** Call depth in units of stack slots, roughly. */
  depth: number;
  depthMax: number;
  /** Bytes allocated by this run, and the count at which the heap is asked. */
  bytes: number;
  bytesNextCheck: number;
  bytesMax: number;
  heapBytes: (collect: boolean) => number;
  heapBytesAtStart: number;
  /** Metatable of all strings. */
  stringMetatable: LuaTable | undefined;
}

/** Measured: frames of unoptimised code take about 8 bytes a slot of the 984 KiB stack. */
export const DEPTH_MAX = 80_000;

export const vm: Gauges = {
  ticks: 0x3fffffff,
  ticksEvery: 0x3fffffff,
  hook: undefined,
  depth: 0,
  depthMax: DEPTH_MAX,
  bytes: 0,
  bytesNextCheck: Infinity,
  bytesMax: Infinity,
  heapBytes: () => 0,
  heapBytesAtStart: 0,
  stringMetatable: undefined,
};

/** The gauges as they are, to be put back by `restoreGauges`. */
export function saveGauges(): Gauges {
  return {
    ticks: vm.ticks,
    ticksEvery: vm.ticksEvery,
    hook: vm.hook,
    depth: vm.depth,
    depthMax: vm.depthMax,
    bytes: vm.bytes,
    bytesNextCheck: vm.bytesNextCheck,
    bytesMax: vm.bytesMax,
    heapBytes: vm.heapBytes,
    heapBytesAtStart: vm.heapBytesAtStart,
    stringMetatable: vm.stringMetatable,
  };
}

export function restoreGauges(saved: Gauges): void {
  vm.ticks = saved.ticks;
  vm.ticksEvery = saved.ticksEvery;
  vm.hook = saved.hook;
  vm.depth = saved.depth;
  vm.depthMax = saved.depthMax;
  vm.bytes = saved.bytes;
  vm.bytesNextCheck = saved.bytesNextCheck;
  vm.bytesMax = saved.bytesMax;
  vm.heapBytes = saved.heapBytes;
  vm.heapBytesAtStart = saved.heapBytesAtStart;
  vm.stringMetatable = saved.stringMetatable;
}

/** What a step may allocate without anyone counting it: boxed numbers, short strings. */
const STEP_BYTES = 32;

/**
 * Called by compiled code when the steps are used up. What the hook throws ends the script; true asks
 * for a pause, which code that can not pause ignores.
 */
export function tick(): boolean {
  vm.ticks = vm.ticksEvery;
  charge(vm.ticksEvery * STEP_BYTES);
  return vm.hook?.(vm.ticksEvery) === true;
}

/**
 * Adds allocated bytes, also those that host functions give back; raises "not enough memory"
 * when the run holds too much.
 */
export function charge(bytes: number): void {
  vm.bytes += bytes;
  if (vm.bytes > vm.bytesNextCheck) checkHeap();
}

/** The first check of a run only takes the measure that the later ones are compared with. */
export const FIRST_CHECK_BYTES = 4 << 20;

function checkHeap(): void {
  if (vm.heapBytesAtStart === 0) vm.heapBytesAtStart = vm.heapBytes(false);
  let held = vm.heapBytes(false) - vm.heapBytesAtStart;
  if (held > vm.bytesMax) held = vm.heapBytes(true) - vm.heapBytesAtStart;
  if (held > vm.bytesMax) throw outOfMemory();
  // Whatever is held now, at least the rest must be allocated before the limit can be reached.
  vm.bytesNextCheck = vm.bytes + Math.max((vm.bytesMax - held) / 4, vm.bytesMax / 64);
}

/** Refuses a single string of `bytes` before it is built, and counts it. */
export function chargeString(bytes: number): void {
  checkLength(bytes);
  charge(bytes);
}

/** Refuses a string that is growing to `bytes`; it is counted when it is done. */
export function checkLength(bytes: number): void {
  if (bytes > vm.bytesMax || bytes > STRING_BYTES_MAX) throw outOfMemory();
}

/** V8 refuses longer strings. */
const STRING_BYTES_MAX = 0x1fffffe8;

function outOfMemory(): LuaError {
  return luaError('not enough memory');
}

/** Raised when calls nest too deep. */
export function stackOverflow(): LuaError {
  return luaError(`${where(1)}stack overflow`);
}

/** True for the error V8 raises when its own stack is used up. */
export function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message === 'Maximum call stack size exceeded';
}

/** What the system says: load, processor time and memory of a process, facts of the machine. Linux. */
import { readdirSync, readFileSync } from 'node:fs';
import { arch, cpus, loadavg, release, totalmem } from 'node:os';

/** Clock ticks a second in /proc (USER_HZ, 100 on every Linux that Node runs on). */
const TICKS_PER_SECOND = 100;

/** Processor time of a process with all its threads, user and system, in microseconds (steps of 10 ms). */
export function cpuMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in the second field may hold blanks: fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / TICKS_PER_SECOND;
}

/** The same of a process with all that it has started, directly or not: some serve by a process of their own. */
export function treeCpuMicros(pid: number): number {
  return treeOf(pid).reduce((sum, each) => sum + cpuMicros(each), 0);
}

/** Resident bytes of a process with all that it has started. */
export function treeResidentBytes(pid: number): number {
  return treeOf(pid).reduce((sum, each) => {
    const status = readFileSync(`/proc/${each}/status`, 'utf8');
    return sum + Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  }, 0);
}

function treeOf(pid: number): number[] {
  const all = [pid];
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const children = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim();
    if (children !== '') all.push(...children.split(' ').flatMap((each) => treeOf(Number(each))));
  }
  return all;
}

/** Load averages of 1, 5 and 15 minutes. */
export function loadText(): string {
  return loadavg()
    .map((load) => load.toFixed(2))
    .join(' ');
}

/** Facts that a reader needs to compare, one line each. */
export function machineFacts(redisVersion: string): string[] {
  const processors = cpus();
  const gib = (totalmem() / 2 ** 30).toFixed(0);
  return [
    `${processors.length} x ${processors[0]?.model.trim() ?? 'unknown processor'}, ${gib} GiB, Linux ${release()} ${arch()}`,
    `Plinth on Node ${process.versions.node}, ${redisVersion}`,
  ];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * What the process says about itself: `ready` and `status`, from the systems' own words.
 *
 * `live` and `ready` are two questions: live asks whether to restart the process (an answer is enough),
 * ready whether to send it work.
 */
import type { System, SystemState, SystemStatus } from '../core/base/index.ts';

/** One system as `/status` and `plinth status --json` show it. */
export interface SystemReport extends SystemStatus {
  readonly name: string;
}

export interface StatusReport {
  readonly version: string;
  readonly pid: number;
  readonly uptimeMs: number;
  readonly ready: boolean;
  readonly systems: readonly SystemReport[];
}

export interface ReadyReport {
  readonly ready: boolean;
  /** Why not: each system that is not ready, with its state. */
  readonly waitingFor: readonly { readonly name: string; readonly state: SystemState }[];
}

export function readyReport(systems: readonly System[]): ReadyReport {
  const waitingFor = systems
    .map((system) => ({ name: system.name, state: system.status().state }))
    .filter(({ state }) => state !== 'ready');
  return { ready: waitingFor.length === 0, waitingFor };
}

export function statusReport(version: string, systems: readonly System[]): StatusReport {
  return {
    version,
    pid: process.pid,
    uptimeMs: Math.round(process.uptime() * 1000),
    ready: readyReport(systems).ready,
    systems: systems.map((system) => ({ name: system.name, ...system.status() })),
  };
}

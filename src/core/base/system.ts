/**
 * The one interface by which every system starts and stops.
 *
 *     idle ──start()──▶ starting ──▶ ready ──drain()──▶ draining ──stop()──▶ stopped
 *                          │                                        ▲
 *                          └────────────── failed ──────────────────┘
 *
 * Invariants:
 * - `start` resolves only when every listener accepts connections; it rejects having released all it took.
 * - `drain` refuses new work and lets running work end; it resolves at the deadline at the latest and
 *   never rejects because of a slow client.
 * - `stop` may be called in every state, also twice, and leaves no timer, socket or file open.
 * - `status` is cheap, synchronous and never throws: the admin door calls it at any moment.
 */

import type { Operation } from './operation.ts';

/** Where a system stands between `start` and `stop`. */
export type SystemState = 'idle' | 'starting' | 'ready' | 'draining' | 'stopped' | 'failed';

/** One address on which a system accepts connections. */
export interface Listening {
  /** What is spoken there, as its users call it: `RESP`, `RESP over TLS`, `HTTP`. */
  readonly protocol: string;
  /** The bound address, numeric: `127.0.0.1`, `::1`. */
  readonly host: string;
  /** The bound port, the real one also when port 0 was asked for. */
  readonly port: number;
}

/** What a system says about itself; printed by `plinth status` and served at `/status`. */
export interface SystemStatus {
  readonly state: SystemState;
  readonly listening: readonly Listening[];
  /** Figures worth a person's look, in the order to print them; keys carry their unit (`memoryBytes`). */
  readonly facts: Readonly<Record<string, string | number | boolean>>;
}

/** A part of the process that is started, drained and stopped as a whole. */
export interface System {
  /** The name of its settings section, its metrics prefix and its line in every list: `kv`. */
  readonly name: string;
  start(): Promise<void>;
  /** Refuse new work and wait for running work, `deadlineMs` milliseconds at most. */
  drain(deadlineMs: number): Promise<void>;
  stop(): Promise<void>;
  status(): SystemStatus;
  /** What an operator can ask of it; asked at each request, as rows may come and go. */
  operations?(): readonly Operation[];
  /** SIGHUP came, and its settings were taken over or refused: files that others move away are opened anew. */
  reopenFiles?(): void;
}

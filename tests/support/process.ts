/**
 * Child processes of tests: a free port, a temporary folder, waiting, and an end by pid.
 *
 * Invariant: every child started here is killed when this process exits, so that a failed
 * test leaves no server behind.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export type Address = { readonly host: string; readonly port: number };

const PORT_FIRST = 10_240;
/** Up to the first port of outgoing connections (net.ipv4.ip_local_port_range). */
const PORTS = 32_768 - PORT_FIRST;

const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** A child with what it printed so far; `exited` resolves with its exit code or signal name. */
export type Child = {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly exited: Promise<number | string>;
  output(): string;
  hasExited(): boolean;
};

/** Starts a program whose output is kept (the last 256 KiB) for the message of a failure. */
export function startChild(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Child {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  alive.add(child);
  let text = '';
  let ended = false;
  const keep = (chunk: Buffer) => {
    text = (text + chunk.toString('utf8')).slice(-262_144);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const exited = new Promise<number | string>((resolve) => {
    child.once('error', (error) => {
      ended = true;
      text += String(error);
      resolve('not started');
    });
    child.once('close', (code, signal) => {
      ended = true;
      alive.delete(child);
      resolve(code ?? signal ?? 'unknown');
    });
  });
  return {
    process: child,
    pid: child.pid ?? -1,
    exited,
    output: () => text,
    hasExited: () => ended,
  };
}

/**
 * A port of 127.0.0.1 that nobody listens on. It lies below those that the system hands to outgoing
 * connections: one of these could take it before the server starts, or between two of its lives.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = PORT_FIRST + Math.floor(Math.random() * PORTS);
    if (await canListen(port)) return port;
  }
  throw new Error('found no free port');
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** A new folder under the system's temporary folder, with the function that removes it. */
export function temporaryFolder(prefix: string): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `${prefix}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Asks `ready` every 10 ms until it says true; throws with `what` after `limitMs`. */
export async function waitUntil(
  what: string,
  ready: () => Promise<boolean> | boolean,
  limitMs = 20_000,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await ready())) {
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms in vain for: ${what}`);
    await sleep(10);
  }
}

/** Resident memory of a process in bytes, from /proc (Linux). */
export async function residentBytes(pid: number): Promise<number> {
  const { readFile } = await import('node:fs/promises');
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(status);
  if (match?.[1] === undefined) throw new Error(`no VmRSS for process ${pid}`);
  return Number(match[1]) * 1024;
}

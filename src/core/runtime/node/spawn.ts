/**
 * Child processes of this machine.
 */
import { spawn } from 'node:child_process';
import type { Child, ChildExit, Spawn } from '../spawn.ts';

export function createNodeSpawn(): Spawn {
  return {
    spawn: (options) =>
      new Promise<Child>((resolve, reject) => {
        const [program, ...args] = options.command;
        const child = spawn(program, args, {
          ...(options.env === undefined ? {} : { env: options.env }),
          ...(options.workingFolder === undefined ? {} : { cwd: options.workingFolder }),
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        child.stdout.on('data', (chunk: Buffer) => options.onOutput?.(chunk, 'stdout'));
        child.stderr.on('data', (chunk: Buffer) => options.onOutput?.(chunk, 'stderr'));
        const exited = new Promise<ChildExit>((end) => {
          // 'close' comes after the last output, 'exit' may come before it.
          child.once('close', (code, signal) => end({ code, signal }));
        });
        child.once('error', reject);
        child.once('spawn', () => {
          const pid = child.pid ?? 0;
          resolve({ pid, exited, kill: (signal) => child.kill(signal) });
        });
      }),
  };
}

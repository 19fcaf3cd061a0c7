/** One run of redis-cli, awaited. */
import { spawn } from 'node:child_process';

export type CliRun = { readonly code: number | null; readonly out: string; readonly err: string };

/** Runs redis-cli with these arguments, and with `input` on its stdin; texts are latin1. */
export function redisCli(args: readonly string[], input: string | Buffer = ''): Promise<CliRun> {
  return new Promise((resolve) => {
    const child = spawn('redis-cli', [...args]);
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString('latin1');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString('latin1');
    });
    child.on('close', (code) => resolve({ code, out, err }));
    // It may end before it has read its input.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

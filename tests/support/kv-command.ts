/** `plinth kv ...` as a child process, and what it said. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from './process.ts';

const main = join(dirname(fileURLToPath(import.meta.url)), '../../src/main.ts');

export type KvResult = {
  readonly code: number | string;
  /** The line of JSON it printed, if any. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly output: string;
};

/** Starts a subcommand with `--json`. */
export function startKvCommand(...args: readonly string[]): Child {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('PLINTH_')),
  );
  return startChild(process.execPath, [main, 'kv', ...args, '--json'], { env });
}

/** Runs a subcommand to its end. */
export async function runKvCommand(...args: readonly string[]): Promise<KvResult> {
  const child = startKvCommand(...args);
  const code = await child.exited;
  const output = child.output();
  const line = output.split('\n').findLast((text) => text.startsWith('{'));
  return { code, output, json: line === undefined ? {} : JSON.parse(line) };
}

/** `plinth kv import` as a child process, and what it said. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from './process.ts';

const main = join(dirname(fileURLToPath(import.meta.url)), '../../src/main.ts');

export type ImportResult = {
  readonly code: number | string;
  /** The line of JSON it printed, if any. */
  readonly json: ImportJson;
  readonly output: string;
};

export type ImportJson = {
  readonly ok?: boolean;
  readonly code?: string;
  readonly keys?: number;
  readonly functions?: number;
  readonly commands?: number;
  readonly refused?: number;
  readonly refusals?: readonly string[];
  readonly resumed?: number;
  readonly comparison?: {
    readonly same: boolean;
    readonly functionsSame: boolean;
    readonly databases: readonly {
      readonly db: number;
      readonly sourceKeys: number;
      readonly targetKeys: number;
      readonly compared: number;
      readonly differing: number;
    }[];
    readonly differences: readonly { readonly db: number; readonly key: string; kind: string }[];
  } | null;
};

/** Starts an import into the store at `server`. */
export function startImport(server: { port: number }, ...args: readonly string[]): Child {
  const to = ['--server', `127.0.0.1:${server.port}`, '--json'];
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('PLINTH_')),
  );
  return startChild(process.execPath, [main, 'kv', 'import', ...args, ...to], { env });
}

/** Waits for its end. */
export async function resultOf(child: Child): Promise<ImportResult> {
  const code = await child.exited;
  const output = child.output();
  const line = output.split('\n').findLast((text) => text.startsWith('{'));
  return { code, output, json: line === undefined ? {} : JSON.parse(line) };
}

/** Runs an import to its end. */
export function runImport(server: { port: number }, ...args: readonly string[]) {
  return resultOf(startImport(server, ...args));
}

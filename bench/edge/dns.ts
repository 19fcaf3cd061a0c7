/** The name server beside knot: what bench/edge-dns.ts measures, in fewer and shorter rounds, as its table. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const bench = fileURLToPath(new URL('../edge-dns.ts', import.meta.url));
const TIME_MAX_MS = 240_000;

/** @returns a table in Markdown. */
export async function measureDns(rounds: number, seconds: number): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [bench, '--rounds', `${rounds}`, '--seconds', `${seconds}`],
    { timeout: TIME_MAX_MS },
  );
  const at = stdout.lastIndexOf('| queries |');
  if (at === -1) throw new Error(`the bench of the name server gave no table:\n${stdout}`);
  return stdout.slice(at).trim();
}

/** Changes settings of a running process by a JSON Merge Patch at its admin door, and tells what became of it. */
import { PATCH_TYPE } from '../console/index.ts';
import type { Difference } from '../core/config/index.ts';
import { askWithToken } from './admin-ask.ts';
import type { TokenOptions } from './admin-door.ts';
import type { CommandContext } from './host.ts';
import { table } from './table.ts';

/** What the door says of a change. */
interface Changed {
  readonly applied: readonly Difference[];
  readonly needRestart: readonly Difference[];
  readonly saved: boolean;
  readonly file?: string;
  readonly why?: string;
}

/** Sends the patch and prints the outcome. True when the change was made. */
export async function changeSettings(
  context: CommandContext,
  options: TokenOptions,
  patch: unknown,
): Promise<boolean> {
  const body = await askWithToken(context, options, {
    method: 'PATCH',
    path: '/config',
    headers: { 'content-type': PATCH_TYPE },
    body: JSON.stringify(patch),
  });
  if (body === undefined) return false;
  context.host.out(
    options.json ? `${JSON.stringify(body, null, 2)}\n` : changedText(body as Changed),
  );
  return true;
}

/** The outcome for people. */
export function changedText({ applied, needRestart, saved, file, why }: Changed): string {
  const rows = (differences: readonly Difference[]): string[][] =>
    differences.map(({ path, from, to }) => [`  ${path}`, `${shown(from)} -> ${shown(to)}`]);
  const parts = [
    applied.length === 0 ? 'Nothing that runs has changed.\n' : `Changed:\n${table(rows(applied))}`,
    needRestart.length === 0 ? '' : `Takes effect after a restart:\n${table(rows(needRestart))}`,
    saved ? `Saved in ${file}.\n` : `Not saved: ${why}.\n`,
  ];
  return parts.join('');
}

function shown(value: unknown): string {
  return value === null ? 'nothing' : JSON.stringify(value);
}

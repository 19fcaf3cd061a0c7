/** Changes settings of a running process by a JSON Merge Patch at its admin door, and tells what became of it. */
import { PATCH_TYPE } from '../console/index.ts';
import type { Difference } from '../core/config/index.ts';
import {
  adminDoor,
  adminToken,
  askAdmin,
  parsed,
  type TokenOptions,
  tellNobody,
} from './admin-door.ts';
import { type ExitName, exitCode } from './exit-codes.ts';
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

/** What the door says of a request that failed (RFC 9457). */
interface Refused {
  readonly detail?: string;
  readonly problems?: readonly { readonly detail: string }[];
}

/** By status; any other is a fault. */
const exits: Readonly<Record<number, ExitName>> = {
  400: 'usage',
  401: 'notPermitted',
  403: 'notPermitted',
  404: 'notReady',
  409: 'notReady',
  412: 'notReady',
  422: 'badConfig',
  429: 'notReady',
  503: 'notReady',
  507: 'dataUnwritable',
};

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

/** The JSON of a page that needs the token; undefined after telling why it was not given. */
export async function askWithToken(
  context: CommandContext,
  options: TokenOptions,
  asked: Parameters<typeof askAdmin>[1],
): Promise<unknown> {
  const door = adminDoor(context, options);
  const token = door && adminToken(context, options);
  if (door === undefined || token === undefined) return undefined;
  const headers = { ...asked.headers, authorization: `Bearer ${token}` };
  const answer = await askAdmin(door, { ...asked, headers });
  const body = answer.ok ? parsed(answer.body) : undefined;
  if (!answer.ok || typeof body !== 'object' || body === null) {
    tellNobody(context, door, answer.ok ? 'something else answers there' : answer.why);
    return undefined;
  }
  if (answer.status >= 200 && answer.status < 300) return body;
  tellRefused(context, options.json ?? false, answer.status, body);
  return undefined;
}

/** Tells why the door refused what was asked. */
export function tellRefused(
  { host, exit }: CommandContext,
  json: boolean,
  status: number,
  body: Refused,
): void {
  if (json) host.out(`${JSON.stringify(body, null, 2)}\n`);
  else {
    const { detail = `the answer is ${status}`, problems = [] } = body;
    for (const line of problems.length > 0 ? problems.map((each) => each.detail) : [detail]) {
      host.err(`plinth: ${line}\n`);
    }
  }
  exit(exitCode(exits[status] ?? 'internal'));
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

/** What the admin door of a running process answers to a subcommand, or the sentence and exit code for why not. */
import {
  type AdminAnswer,
  type AdminDoor,
  type AdminOptions,
  type AdminRequest,
  adminDoor,
  adminToken,
  askAdmin,
  parsed,
  type TokenOptions,
  tellNobody,
} from './admin-door.ts';
import { type ExitName, exitCode } from './exit-codes.ts';
import type { CommandContext } from './host.ts';

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

/** The JSON of a page that anybody may read; undefined after telling why it was not given. */
export async function askOpenly(
  context: CommandContext,
  options: AdminOptions,
  path: string,
): Promise<object | undefined> {
  const door = adminDoor(context, options);
  if (door === undefined) return undefined;
  const answer = await askAdmin(door, { method: 'GET', path });
  return bodyOf(context, options, door, answer);
}

/** The JSON of a page that needs the token; undefined after telling why it was not given. */
export async function askWithToken(
  context: CommandContext,
  options: TokenOptions,
  asked: AdminRequest,
): Promise<object | undefined> {
  const door = adminDoor(context, options);
  const token = door && adminToken(context, options);
  if (door === undefined || token === undefined) return undefined;
  return bodyOf(context, options, door, await askAdmin(door, bearing(token, asked)));
}

/**
 * The lines of a page that needs the token and streams, one JSON text each. False after telling why it was not given
 * or broke off.
 */
export async function askForLines(
  context: CommandContext,
  options: TokenOptions,
  asked: AdminRequest,
  onLine: (line: object) => void,
): Promise<boolean> {
  const door = adminDoor(context, options);
  const token = door && adminToken(context, options);
  if (door === undefined || token === undefined) return false;
  const answer = await askAdmin(door, bearing(token, asked), (text) => {
    const line = parsed(text);
    if (typeof line === 'object' && line !== null) onLine(line);
  });
  if (answer.ok && answer.status === 200) return true;
  bodyOf(context, options, door, answer);
  return false;
}

function bearing(token: string, asked: AdminRequest): AdminRequest {
  return { ...asked, headers: { ...asked.headers, authorization: `Bearer ${token}` } };
}

function bodyOf(
  context: CommandContext,
  options: AdminOptions,
  door: AdminDoor,
  answer: AdminAnswer,
): object | undefined {
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
function tellRefused(
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

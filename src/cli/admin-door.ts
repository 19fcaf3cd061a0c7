/** The admin door as subcommands ask it: where it is, the token it wants, one request and its answer. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { ADMIN_TOKEN_FILE, adminConfig } from '../console/config/index.ts';
import type { Config, Fields, Section } from '../core/config/index.ts';
import { addConfigOptions, type ConfigOptions, loadFor, tellProblems } from './config-options.ts';
import { exitCode } from './exit-codes.ts';
import type { CommandContext } from './host.ts';

// An import would read all of its exports, and one of them loads the client behind `fetch`.
const { request } = process.getBuiltinModule('node:http');

/** How long an answer may take, milliseconds. */
const ANSWER_WAIT_MS = 5_000;
/** The same between two lines of an answer that streams. */
const LINE_WAIT_MS = 60_000;
/** An answer larger than this does not come from an admin door, bytes. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

export interface AdminOptions extends ConfigOptions {
  readonly json?: boolean;
  readonly admin?: string;
}

export interface TokenOptions extends AdminOptions {
  readonly tokenFile?: string;
}

export function addAdminOptions(command: Command): Command {
  return addConfigOptions(command)
    .option('-a, --admin <host:port>', 'admin address (default: that of the configuration)')
    .option('--json', 'print the answer as JSON');
}

export function addTokenOptions(command: Command): Command {
  return addAdminOptions(command).option(
    '--token-file <file>',
    `file of the token (default: admin.token, or ${ADMIN_TOKEN_FILE} in the data folder)`,
  );
}

export interface AdminDoor {
  /** `127.0.0.1:9650`, for messages. */
  readonly target: string;
  readonly url: URL;
}

/** Where the door is; undefined after telling why that is not known. */
export function adminDoor(context: CommandContext, options: AdminOptions): AdminDoor | undefined {
  const { host, exit } = context;
  let target = options.admin;
  if (target === undefined) {
    const loaded = loadFor(host, options);
    if (!loaded.ok) {
      tellProblems(context, loaded.problems, options.json ?? false);
      return undefined;
    }
    const admin = loaded.config.of(adminConfig);
    target = `${admin.host.includes(':') ? `[${admin.host}]` : admin.host}:${admin.port}`;
  }
  const url = URL.parse(`http://${target}`);
  if (url !== null) return { target, url };
  host.err(`plinth: --admin is ${JSON.stringify(target)}, wanted host:port\n`);
  exit(exitCode('usage'));
  return undefined;
}

/** The token; undefined after telling why there is none. */
export function adminToken(context: CommandContext, options: TokenOptions): string | undefined {
  let file = options.tokenFile;
  if (file === undefined) {
    const loaded = loadFor(context.host, options);
    if (!loaded.ok) {
      tellProblems(context, loaded.problems, options.json ?? false);
      return undefined;
    }
    const { token } = loaded.config.of(adminConfig);
    if (token !== undefined) return token.reveal();
    file = join(dataFolder(context, loaded.config), ADMIN_TOKEN_FILE);
  }
  const token = readToken(file);
  if ('text' in token) return token.text;
  context.host.err(
    `plinth: the token cannot be read from ${file} (${token.why}); name its file by --token-file, or the data folder by --data\n`,
  );
  context.exit(exitCode('noInput'));
  return undefined;
}

function readToken(file: string): { readonly text: string } | { readonly why: string } {
  try {
    const text = readFileSync(file, 'utf8').trim();
    // RFC 6750 2.1; anything else could not stand in a header.
    return /^[\w~+/.-]+=*$/.test(text) ? { text } : { why: 'it holds none' };
  } catch (error) {
    return { why: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}

/** The sections of the process itself are known to the host only. */
function dataFolder({ host }: CommandContext, config: Config): string {
  const node = host.sections.find(({ name }) => name === 'node') as Section<Fields>;
  return String(config.of(node).data);
}

export interface AdminRequest {
  readonly method: 'GET' | 'PATCH' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How long the answer may take; default 5 s. */
  readonly waitMs?: number;
}

export type AdminAnswer =
  | { readonly ok: true; readonly status: number; readonly body: string }
  /** Nobody answered. */
  | { readonly ok: false; readonly why: string };

/** @param onLine gets the lines of a 200 as they come, however many; the body is empty then. */
export function askAdmin(
  { url }: AdminDoor,
  asked: AdminRequest,
  onLine?: (line: string) => void,
): Promise<AdminAnswer> {
  const { method, path, headers = {}, body = '' } = asked;
  const waitMs = asked.waitMs ?? (onLine === undefined ? ANSWER_WAIT_MS : LINE_WAIT_MS);
  return new Promise((resolve) => {
    const no = (why: string): void => resolve({ ok: false, why });
    const options = {
      method,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      timeout: waitMs,
      agent: false,
    };
    const sent = request(new URL(path, url), options, (response) => {
      const { statusCode: status = 0 } = response;
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (onLine !== undefined && status === 200) text = withoutLines(text, onLine);
        if (text.length > ANSWER_BYTES_MAX) sent.destroy(new Error('the answer has no end'));
      });
      response.on('end', () => resolve({ ok: true, status, body: text }));
      response.on('error', (error: NodeJS.ErrnoException) => no(error.code ?? error.message));
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer in ${waitMs / 1000} s`)));
    sent.on('error', (error: NodeJS.ErrnoException) => no(error.code ?? error.message));
    sent.end(body);
  });
}

/** Hands whole lines on. @returns what is behind the last of them. */
function withoutLines(text: string, onLine: (line: string) => void): string {
  let start = 0;
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
    onLine(text.slice(start, end));
    start = end + 1;
  }
  return text.slice(start);
}

/** Tells that nobody answers. */
export function tellNobody(
  { host, exit }: CommandContext,
  { target }: AdminDoor,
  why: string,
): void {
  host.err(`plinth: no Plinth answers at ${target} (${why}); is it up?\n`);
  exit(exitCode('notRunning'));
}

/** A JSON text, or undefined. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

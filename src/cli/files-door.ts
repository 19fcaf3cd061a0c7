/** The WebHDFS door of a running process, as `plinth files ...` finds it, and how its refusals end a subcommand. */
import type { Command } from 'commander';
import type { StatusReport } from '../console/index.ts';
import { filesConfig } from '../files/config/index.ts';
import { askOpenly } from './admin-ask.ts';
import { type AdminOptions, addAdminOptions, adminDoor } from './admin-door.ts';
import { loadFor, tellProblems } from './config-options.ts';
import { exitCode } from './exit-codes.ts';
import type { CommandContext } from './host.ts';
import { isWebUrl, WebHdfs, WebHdfsFault } from './web-hdfs.ts';

export interface FilesOptions extends AdminOptions {
  readonly url?: string;
  readonly user?: string;
}

export function addFilesOptions(command: Command): Command {
  return addAdminOptions(command)
    .option(
      '--url <url>',
      'WebHDFS door, http://host:port or https:// (default: as the admin door says)',
    )
    .option('--user <name>', 'user at the door (default: files.webhdfs.superuser)');
}

/** Does the work of a subcommand at the door; tells what it was refused for. */
export async function atFiles(
  context: CommandContext,
  options: FilesOptions,
  work: (door: WebHdfs) => Promise<void>,
): Promise<void> {
  const { host, exit } = context;
  const door = await filesDoor(context, options);
  if (door === undefined) return;
  try {
    await work(door);
  } catch (error) {
    if (!(error instanceof WebHdfsFault)) throw error;
    host.err(`plinth: ${error.message}\n`);
    exit(exitCode(error.exit));
  }
}

/** Undefined after telling why it is not known. */
async function filesDoor(
  context: CommandContext,
  options: FilesOptions,
): Promise<WebHdfs | undefined> {
  const loaded = loadFor(context.host, options);
  if (!loaded.ok) {
    tellProblems(context, loaded.problems, options.json ?? false);
    return undefined;
  }
  const user = options.user ?? loaded.config.of(filesConfig).webhdfs.superuser;
  const url =
    options.url === undefined ? await askedUrl(context, options) : urlOf(context, options);
  return url && new WebHdfs(url, user);
}

function urlOf({ host, exit }: CommandContext, { url: text = '' }: FilesOptions): URL | undefined {
  const url = URL.parse(text);
  if (url !== null && isWebUrl(url) && url.pathname === '/') return url;
  host.err(
    `plinth: --url is ${JSON.stringify(text)}, wanted http://host:port or https://host:port\n`,
  );
  exit(exitCode('usage'));
  return undefined;
}

async function askedUrl(context: CommandContext, options: FilesOptions): Promise<URL | undefined> {
  const { host, exit } = context;
  const body = await askOpenly(context, options, '/status');
  if (body === undefined) return undefined;
  const { systems = [] } = body as Partial<StatusReport>;
  const files = systems.find(({ name }) => name === 'files');
  const found = files?.listening.find(({ protocol }) => protocol.startsWith('WebHDFS'));
  if (found === undefined) {
    const what = files === undefined ? 'runs no file system' : 'has no WebHDFS door open';
    host.err(`plinth: the process that answers ${what}\n`);
    exit(exitCode('notRunning'));
    return undefined;
  }
  const isAny = found.host === '0.0.0.0' || found.host === '::';
  const name = isAny ? adminDoor(context, options)?.url.hostname : bracketed(found.host);
  const scheme = found.protocol === 'WebHDFS' ? 'http' : 'https';
  return new URL(`${scheme}://${name}:${found.port}`);
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * A path as people write it; one without a `/` in front is meant from the root.
 * @throws WebHdfsFault when a part is `.` or `..`, which the door knows no more than S3 does
 */
export function remotePath(text: string): string {
  const path = fromRoot(text);
  if (!/\/\.\.?(\/|$)/.test(path)) return path;
  throw new WebHdfsFault('usage', `${text} has a part . or .., which no path may have`);
}

export function fromRoot(text: string): string {
  return text.startsWith('/') ? text : `/${text}`;
}

/** What a path is inside of a directory. */
export function inside(directory: string, name: string): string {
  return `${directory.replace(/\/+$/, '')}/${name}`;
}

/** The last name of a path; empty for the root. */
export function lastName(path: string): string {
  return path.replace(/\/+$/, '').replace(/^.*\//, '');
}

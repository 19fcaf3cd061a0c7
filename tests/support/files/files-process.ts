/**
 * Plinth with its file system alone, as a child process started as its users start it, and `plinth files ...` beside
 * it.
 */
import { spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCli } from '../../../src/cli/index.ts';
import { sectionsFor } from '../../../src/sections.ts';
import { systems } from '../../../src/systems.ts';
import { type Child, startChild, temporaryFolder, waitUntil } from '../process.ts';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

export interface Ran {
  readonly code: number | string;
  readonly out: Buffer;
  readonly err: string;
}

export interface PipeOptions {
  /** What comes on stdin; default: nothing. */
  readonly stdin?: Buffer;
  /** Variables of its own. */
  readonly env?: NodeJS.ProcessEnv;
  /** It gets SIGINT when this has happened; 'stdin': it has taken what was to come, and more would. */
  readonly interrupt?: Promise<unknown> | 'stdin';
}

export interface FilesProcess {
  readonly child: Child;
  /** `127.0.0.1:<port>` */
  readonly admin: string;
  readonly webHdfs: string;
  readonly s3: string;
  /** Where its data lie. */
  readonly data: string;
  /** A folder for whoever works with it. */
  readonly folder: string;
  /** `plinth files ...` at this process, without its stdin and stdout: inside of this one, which is quicker. */
  run(args: readonly string[]): Promise<Ran>;
  /** The same as a process of its own. */
  pipe(args: readonly string[], options?: PipeOptions): Promise<Ran>;
  /** Files that hold blocks, of an ending. */
  blockFiles(ending: '.blk' | '.pack'): string[];
  stop(): Promise<void>;
}

/** @param settings further ones, `files.scrub=0`. @param config text of a configuration file. */
export async function startFiles(
  settings: readonly string[] = [],
  config = '',
): Promise<FilesProcess> {
  const home = temporaryFolder('plinth-files');
  const data = join(home.path, 'data');
  const off = ['kv', 'cache', 'balancer'].map((name) => `${name}.enabled=false`);
  const ports = ['admin', 'files.s3', 'files.webhdfs'].map((name) => `${name}.port=0`);
  const set = [...off, ...ports, ...settings].flatMap((each) => ['--set', each]);
  const file = join(home.path, 'plinth.yaml');
  writeFileSync(file, config);
  const args = [main, 'up', '--json', '--config', file, '--data', data, ...set];
  const child = startChild(process.execPath, args, {
    cwd: home.path,
    env: plainEnv(),
  });
  const stop = async (): Promise<void> => {
    child.process.kill('SIGKILL');
    await child.exited;
    home.remove();
  };
  try {
    const line = (): string | undefined => child.output().match(/^\{"version".*\}$/m)?.[0];
    await waitUntil('the announcement', () => line() !== undefined || child.hasExited());
    const said = line();
    if (said === undefined) throw new Error(child.output());
    const { listening } = JSON.parse(said) as Announced;
    const at = (protocol: string): string => {
      const found = listening.find((each) => each.protocol.split(' ')[0] === protocol);
      return `127.0.0.1:${found?.port}`;
    };
    const admin = at('HTTP');
    const token = ['--token-file', join(data, 'admin-token')];
    const whole = ([command = '', ...args]: readonly string[]): string[] => {
      return ['files', command, ...args, '--admin', admin, ...(command === 'fsck' ? token : [])];
    };
    const run: FilesProcess['run'] = (args) => runHere(whole(args));
    const pipe: FilesProcess['pipe'] = (args, options = {}) =>
      runMain(whole(args), home.path, options);
    return {
      ...{ child, admin, data, run, pipe, stop, folder: home.path },
      webHdfs: at('WebHDFS'),
      s3: at('S3'),
      blockFiles: (ending) => blockFiles(join(data, 'files', 'disk'), ending),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Announced {
  readonly listening: readonly { readonly protocol: string; readonly port: number }[];
}

/** A command line inside of this process. */
export async function runHere(args: readonly string[]): Promise<Ran> {
  const said = { out: '', err: '' };
  const code = await runCli(args, {
    version: '',
    sections: sectionsFor(systems),
    environment: {},
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
    up: async () => 0,
    lab: async () => 0,
  });
  return { code, out: Buffer.from(said.out), err: said.err };
}

function runMain(args: readonly string[], cwd: string, options: PipeOptions): Promise<Ran> {
  const { stdin = Buffer.alloc(0), interrupt } = options;
  const env = { ...plainEnv(), ...options.env };
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], {
      cwd,
      env,
      timeout: 60_000,
    });
    const out: Buffer[] = [];
    let err = '';
    child.stdout.on('data', (piece: Buffer) => {
      out.push(piece);
    });
    child.stderr.on('data', (piece: Buffer) => {
      err += piece.toString();
    });
    // Whoever has ended reads no more of it.
    child.stdin.on('error', () => {});
    if (interrupt === 'stdin') child.stdin.write(stdin, () => child.kill('SIGINT'));
    else {
      child.stdin.end(stdin);
      void interrupt?.then(() => child.kill('SIGINT'));
    }
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ code: code ?? signal ?? 'unknown', out: Buffer.concat(out), err });
    });
  });
}

/** Variables that begin with PLINTH_ are settings. */
function plainEnv(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('PLINTH_'));
  return Object.fromEntries(own);
}

function blockFiles(disk: string, ending: string): string[] {
  return readdirSync(disk, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(disk, name))
    .sort();
}

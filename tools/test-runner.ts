/**
 * Runs test files by Node's own runner and watches over it: what was skipped and why, the closing lines,
 * and processes that outlive their test.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

/** Files of unit tests that share a process. */
const FILES_PER_PROCESS = 12;
/** The time for one test, milliseconds; a test that hangs is named instead of hanging everything. */
const TEST_TIMEOUT_MS = 180_000;
const SOAK_TIMEOUT_MS = 6 * 3_600_000;
/**
 * Marks every process of this run, so that those left behind are found wherever they went. Not PLINTH_:
 * that would be a setting.
 */
const MARK = `TEST_RUN_OF_PLINTH=${process.pid}-${Date.now()}`;

/** What property tests are drawn from, so that `npm test` says the same twice. */
const SEED = 20_261_122;
/** Compiled modules are shared by the test files and the programs that they start. */
const COMPILE_CACHE = join(tmpdir(), 'plinth-test-compile-cache');

/** The summary lines of the spec reporter: `ℹ tests 12`. */
const CLOSING = /^\S+ (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

export interface TestResult {
  readonly passed: boolean;
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  readonly closing: readonly string[];
  /** Processes of this run that were still there, as `pid command`. They have been ended. */
  readonly left: readonly string[];
}

export async function runTests(
  files: readonly string[],
  options: { readonly soak: boolean },
): Promise<TestResult> {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-run-'));
  const skipsFile = join(folder, 'skips');
  const [markName, markValue] = MARK.split('=') as [string, string];
  const seed = options.soak ? Date.now() % 2 ** 31 : SEED;
  console.log(`property tests draw from seed ${process.env.TEST_SEED ?? seed} (TEST_SEED sets it)`);
  const child = spawn(
    process.execPath,
    [
      '--import=./tools/test-seed.ts',
      '--test',
      `--test-concurrency=${Math.min(availableParallelism(), 4)}`,
      `--test-timeout=${options.soak ? SOAK_TIMEOUT_MS : TEST_TIMEOUT_MS}`,
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      '--test-reporter=./tools/skips-reporter.ts',
      `--test-reporter-destination=${skipsFile}`,
      ...inBatches(files, folder),
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        NODE_COMPILE_CACHE: COMPILE_CACHE,
        TEST_SEED: String(seed),
        ...process.env,
        [markName]: markValue,
      },
    },
  );
  const closing: string[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    if (CLOSING.test(line)) closing.push(line);
    else console.log(line);
  });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  const [code] = (await once(child, 'close')) as [number | null];
  process.off('SIGINT', forward).off('SIGTERM', forward);
  const skipped = readSkips(skipsFile);
  rmSync(folder, { recursive: true, force: true });
  return { passed: code === 0, skipped, closing, left: await endLeftovers() };
}

/**
 * Unit tests of one folder share a process, as suites that are named for their files: of the processor time of
 * most, more than half went into loading what they test. All others have a process each.
 * @param folder where modules that load several files may be written.
 * @returns what the runner is to run.
 */
function inBatches(files: readonly string[], folder: string): string[] {
  const unit = files.filter((file) => file.startsWith('src/'));
  const others = files.filter((file) => !file.startsWith('src/'));
  const batches = Object.entries(Object.groupBy(unit, (file) => folderOf(file))).flatMap(
    ([name, group = []]) =>
      chunksOf(group, FILES_PER_PROCESS).map((batch, nth) => {
        const path = join(folder, `${name.replaceAll('/', '-')}-${nth + 1}.test.mjs`);
        writeFileSync(path, batchModule(batch));
        return path;
      }),
  );
  return [...batches, ...others];
}

/** The folder below a system's, or the system's where there is none: `src/cache/policy`. */
function folderOf(file: string): string {
  return dirname(file).split('/').slice(0, 3).join('/');
}

function chunksOf(files: readonly string[], size: number): (readonly string[])[] {
  return Array.from({ length: Math.ceil(files.length / size) }, (_, nth) =>
    files.slice(nth * size, (nth + 1) * size),
  );
}

/**
 * In a suite the hooks of a file are for its own tests only. One is loaded behind the other: what two of them load, and
 * wait for, would else bring the tests of both into one suite.
 */
function batchModule(files: readonly string[]): string {
  const suites = files.map((file) => {
    const url = pathToFileURL(resolve(file)).href;
    return `describe(${JSON.stringify(file)}, () => load(${JSON.stringify(url)}));`;
  });
  return [
    "import { describe } from 'node:test';",
    'let loaded = Promise.resolve();',
    'const load = (url) => (loaded = loaded.then(() => import(url)));',
    ...suites,
    '',
  ].join('\n');
}

function readSkips(file: string): TestResult['skipped'] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { name: string; reason: string });
}

/** Ends what carries our mark. A child that is just ending gets a moment, it is not left behind. */
async function endLeftovers(): Promise<string[]> {
  for (let i = 0; i < 20 && marked().length > 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return marked().map((pid) => {
    const command = contents(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
    end(pid);
    return `${pid} ${command}`;
  });
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself between the look and the kill.
  }
}

/** Processes started by this run, by the environment they inherited (Linux; elsewhere none are seen). */
function marked(): number[] {
  return names('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => contents(`/proc/${pid}/environ`).split('\0').includes(MARK))
    .map(Number);
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Nothing for a process that ended meanwhile or belongs to somebody else. */
function contents(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/**
 * Time, chance, disk, network and processes enter through core/runtime: only core/runtime/node touches the
 * real ones. Tests, tools and benchmarks are free. Each exception below carries its reason.
 */
import { importsOf, isTest, type SourceFile } from './tree.ts';

/** Modules that reach outside the process, and those of the engine that bring time or threads. */
const OUTSIDE =
  /^node:(fs|fs\/promises|net|tls|dgram|dns|dns\/promises|http|https|http2|child_process|worker_threads|cluster|timers|timers\/promises|perf_hooks|sqlite)$/;
/** What node:crypto may be asked for: everything that is a pure function of its arguments. */
const RANDOM = /^(random\w*|webcrypto|getRandomValues|generateKey\w*|default)$/;
const GLOBALS =
  /\b(Date\.now|Math\.random|performance\.now|process\.hrtime|setTimeout|setInterval|setImmediate|crypto\.(?:randomUUID|getRandomValues))\(|\bnew Date\(\)/g;

interface Exception {
  /** A path or the beginning of one. */
  readonly path: string;
  /** The modules and globals allowed there. */
  readonly may: readonly string[];
  readonly because: string;
}

export const exceptions: readonly Exception[] = [
  {
    path: 'src/core/config/kinds.ts',
    may: ['node:net'],
    because: 'isIP is a pure function that lives in node:net',
  },
  {
    path: 'src/core/observe/process-metrics.ts',
    may: ['node:perf_hooks', 'Date.now'],
    because: 'it reports on the real process',
  },
  {
    path: 'src/core/observe/logger.ts',
    may: ['setTimeout'],
    because: 'it waits for the reader of the real log at the end of the process',
  },
  {
    path: 'src/core/observe/otlp-exporter.ts',
    may: ['node:http', 'node:https', 'setInterval'],
    because: 'it sends metrics to a real collector, cold, with node:http (docs/decisions/0003)',
  },
  {
    path: 'src/core/runtime/sim/',
    may: ['node:timers/promises'],
    because: 'simulated time lets the promises of the real loop settle between two events',
  },
  {
    path: 'src/kv/lua/cases.ts',
    may: ['node:fs'],
    because: 'it reads recorded cases for tests; nothing of the program imports it',
  },
  {
    path: 'src/kv/testing/',
    may: ['node:net'],
    because: 'test support that speaks to a real server; nothing of the program imports it',
  },
  {
    path: 'src/console/server.ts',
    may: ['node:http', 'node:net', 'setTimeout'],
    because:
      'cold HTTP is served by node:http (docs/decisions/0003), whose answers have a setTimeout',
  },
  {
    path: 'src/edge/acme/directory-http.ts',
    may: ['node:https'],
    because:
      'it asks a real authority for certificates, cold, with node:https (docs/decisions/0003)',
  },
  {
    path: 'src/cli/',
    may: ['node:fs', 'node:http', 'node:https', 'node:net', 'setTimeout'],
    because:
      'a subcommand is a process of its own and works with the real files and sockets of its user',
  },
  {
    path: 'src/main.ts',
    may: ['node:fs'],
    because: 'it looks at the folder of compiled modules before anything else is loaded',
  },
  {
    path: 'src/process.ts',
    may: ['node:fs'],
    because: 'the composition root reads the manifest before there is a disk',
  },
  {
    path: 'src/node.ts',
    may: ['setTimeout'],
    because: 'it guards the end of the real process against systems that do not end',
  },
];

/** Every touch of the real world outside core/runtime/node that no exception allows. */
export function brokenSeams(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.startsWith('src/') && path.endsWith('.ts') && !isTest(path))
    .filter(({ path }) => !path.startsWith('src/core/runtime/node/'))
    .flatMap((file) => {
      const may = new Set(
        exceptions.filter(({ path }) => file.path.startsWith(path)).flatMap((each) => each.may),
      );
      return touchesOf(file)
        .filter(({ what }) => !may.has(what))
        .map(({ what, line }) => `${file.path}:${line}: ${what} belongs behind core/runtime`);
    });
}

function touchesOf(file: SourceFile): { what: string; line: number }[] {
  const imports = importsOf(file).flatMap(({ from, names, line }) => {
    if (OUTSIDE.test(from)) return [{ what: from, line }];
    if (from !== 'node:crypto') return [];
    return (names.length === 0 ? ['default'] : names)
      .filter((name) => RANDOM.test(name))
      .map((name) => ({ what: `${from} ${name}`, line }));
  });
  const globals = file.text.split('\n').flatMap((text, index) =>
    /^\s*(\*|\/\/|\/\*)/.test(text)
      ? []
      : [...text.matchAll(GLOBALS)].map((match) => ({
          what: match[1] ?? 'new Date',
          line: index + 1,
        })),
  );
  return [...imports, ...globals];
}

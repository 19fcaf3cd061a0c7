/**
 * The law of arrows: a folder of src imports only folders that stand before it, and enters another folder
 * only by an `index.ts`. Folders on one line are peers and never import each other.
 */
import { posix } from 'node:path';
import { importsOf, isTest, type SourceFile } from './tree.ts';

/** The order of ARCHITECTURE.md. `main` is everything that lies in src itself. */
export const ORDER: readonly (readonly string[])[] = [
  ['core/base'],
  ['core/runtime'],
  ['core/memory'],
  ['core/wire'],
  ['core/config', 'core/observe'],
  ['core/store'],
  ['core/replication'],
  ['core/cluster'],
  ['core/resilience'],
  ['core/http'],
  ['core/downstream', 'core/upstream'],
  ['core/proxy'],
  ['kv', 'files', 'cache', 'balancer'],
  ['edge'],
  ['console'],
  ['cli'],
  ['main'],
];

/** Everything in the files that breaks the law, one sentence each. */
export function brokenArrows(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.startsWith('src/') && path.endsWith('.ts') && !isTest(path))
    .flatMap(brokenArrowsOf);
}

function brokenArrowsOf(file: SourceFile): string[] {
  const from = folderOf(file.path);
  const level = levelOf(from);
  if (level === -1) return [`${file.path}: ${from} has no place in the order`];
  return importsOf(file).flatMap(({ from: what, line }) => {
    if (!what.startsWith('.')) return [];
    const target = posix.join(posix.dirname(file.path), what);
    const at = `${file.path}:${line}`;
    if (!target.startsWith('src/')) {
      return target === 'package.json' ? [] : [`${at}: imports ${target} from outside src`];
    }
    const to = folderOf(target);
    if (to === from) return [];
    const targetLevel = levelOf(to);
    if (targetLevel === level) return [`${at}: ${from} imports its peer ${to}`];
    if (targetLevel > level) return [`${at}: ${from} imports ${to}, which stands after it`];
    return target.endsWith('/index.ts')
      ? []
      : [`${at}: enters ${to} by ${target} and not by an index.ts`];
  });
}

/** `core/config` for src/core/config/load.ts, `kv` for src/kv/lua/vm.ts, `main` for src/up.ts. */
export function folderOf(path: string): string {
  const parts = path.split('/').slice(1, -1);
  if (parts.length === 0) return 'main';
  return parts[0] === 'core' ? parts.slice(0, 2).join('/') : (parts[0] as string);
}

function levelOf(folder: string): number {
  return ORDER.findIndex((peers) => peers.includes(folder));
}

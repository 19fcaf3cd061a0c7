/** The project's own files as the tidy rules see them: paths and texts, without anything installed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** One file; the path is relative to the project and uses `/`. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const FOLDERS = ['src', 'tests', 'tools', 'bench'];

/** Every file of the folders that hold code. */
export function sourceFiles(): SourceFile[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length)),
  ).map((path) => ({ path, text: readText(path) }));
}

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.startsWith('tests/');
}

/** One import or re-export of a TypeScript file. */
export interface Import {
  /** What is imported, as written: `../base/index.ts`, `node:fs`. */
  readonly from: string;
  /** The names between the braces; empty for `import x from` and `import * as x from`. */
  readonly names: readonly string[];
  readonly line: number;
}

const STATEMENT = /^(?:import|export)\b([^;'"]*?)\bfrom\s+['"]([^'"]+)['"]/gm;
const BARE = /^import\s+['"]([^'"]+)['"]/gm;
const DYNAMIC = /\b(?:import|getBuiltinModule)\(\s*['"]([^'"]+)['"]/g;

export function importsOf({ text }: SourceFile): Import[] {
  const line = (index: number): number => text.slice(0, index).split('\n').length;
  const found: Import[] = [];
  for (const match of text.matchAll(STATEMENT)) {
    const braces = /\{([^}]*)\}/.exec(match[1] ?? '')?.[1] ?? '';
    const names = braces
      .split(',')
      .map(
        (name) =>
          name
            .trim()
            .replace(/^type /, '')
            .split(/\s+as\s+/)[0] as string,
      )
      .filter((name) => name !== '');
    found.push({ from: match[2] as string, names, line: line(match.index) });
  }
  for (const pattern of [BARE, DYNAMIC]) {
    for (const match of text.matchAll(pattern)) {
      found.push({ from: match[1] as string, names: [], line: line(match.index) });
    }
  }
  return found;
}

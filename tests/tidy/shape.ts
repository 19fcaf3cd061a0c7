/** The shape of files and folders: length, names, READMEs, nothing left behind. */
import { isTest, type SourceFile } from './tree.ts';

export const LINES_MAX = 600;
const SYSTEMS = ['kv', 'files', 'cache', 'balancer', 'edge', 'console'];
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const LEFT_BEHIND =
  /\b(TODO|FIXME|XXX|HACK|not implemented)\b|\b(test|it|describe|suite)\.(skip|todo|only)\b|\b(skip|todo|only):\s*(true|['"`](?!missing peer: ))/;
const UNTYPED = /@ts-(ignore|nocheck|expect-error)/;

export function lineCount({ text }: SourceFile): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

/** Code that is longer than a file may be. */
export function tooLong(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.endsWith('.ts') && !isTest(path))
    .filter((file) => lineCount(file) > LINES_MAX)
    .map((file) => `${file.path} has ${lineCount(file)} lines, ${LINES_MAX} at most`);
}

/** The longest files of code, longest first. */
export function longest(files: readonly SourceFile[], count: number): string[] {
  return files
    .filter(({ path }) => path.endsWith('.ts') && !isTest(path))
    .toSorted((a, b) => lineCount(b) - lineCount(a))
    .slice(0, count)
    .map((file) => `${lineCount(file)} ${file.path}`);
}

/** Files and folders whose name is not in kebab-case. */
export function misnamed(files: readonly SourceFile[]): string[] {
  return files
    .map(({ path }) => path)
    .filter((path) => {
      const parts = path.split('/');
      const name = parts.pop() as string;
      if (name === 'README.md') return !parts.every((part) => KEBAB.test(part));
      const stem = name.replace(/\.(test\.|d\.)?[a-z0-9]+$/, '');
      return ![...parts, stem].every((part) => KEBAB.test(part));
    });
}

/** Systems of more than one file that do not introduce themselves. */
export function withoutReadme(files: readonly SourceFile[]): string[] {
  return SYSTEMS.filter((system) => {
    const inside = files.filter(({ path }) => path.startsWith(`src/${system}/`));
    return inside.length > 1 && !inside.some(({ path }) => path === `src/${system}/README.md`);
  });
}

/** Work that was put off, tests that do not run, types that were switched off. */
export function leftBehind(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.endsWith('.ts') && !path.startsWith('tests/tidy/'))
    .flatMap(({ path, text }) =>
      text
        .split('\n')
        .flatMap((line, index) =>
          LEFT_BEHIND.test(line) || UNTYPED.test(line)
            ? [`${path}:${index + 1}: ${line.trim()}`]
            : [],
        ),
    );
}

/** Holds docs/dependencies.md and the lock file against package.json. */

/** Cells of a line: name, what for, why this one, what it replaces, licence. */
const CELLS = 5;

export function dependencyGaps(manifest: string, page: string): string[] {
  const { dependencies = {}, devDependencies = {} } = JSON.parse(manifest) as Record<
    string,
    Record<string, string> | undefined
  >;
  const names = [...Object.keys(dependencies), ...Object.keys(devDependencies)];
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .replace(/^\||\|$/g, '')
        .split('|')
        .map((cell) => cell.trim()),
    );
  const listed = rows.map((cells) => (cells[0] as string).replaceAll('`', ''));
  return [
    ...names
      .filter((name) => !listed.includes(name))
      .map((name) => `${name} has no line in docs/dependencies.md`),
    ...listed
      .filter((name) => !names.includes(name))
      .map((name) => `docs/dependencies.md has a line for ${name}, which is no dependency`),
    ...rows
      .filter((cells) => cells.length !== CELLS || cells.some((cell) => cell === ''))
      .map(
        (cells) =>
          `the line for ${listed[rows.indexOf(cells)]} has ${cells.length} cells, wanted ${CELLS}`,
      ),
  ];
}

/**
 * Optional packages (those of other platforms) that the lock file does not hold: `npm ci` refuses such a
 * file, but only on the platform where they are missing.
 */
export function lockGaps(lock: string): string[] {
  const { packages } = JSON.parse(lock) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  return Object.values(packages)
    .flatMap((each) => Object.keys(each.optionalDependencies ?? {}))
    .filter((name) => !Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`)));
}

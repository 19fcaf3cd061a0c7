/** docs/commands.md: every command of the store, and how it compares with Redis 7.2. */
import type { CommandSpec } from '../src/kv/command/spec.ts';
import { commandSpecs } from '../src/kv/commands/index.ts';
import { COMPATIBLE_VERSION } from '../src/kv/version.ts';
import { differences, missingBecause, redisCommands } from './redis-commands.ts';

const GROUPS: readonly (readonly [CommandSpec['group'], string])[] = [
  ['generic', 'Keys of any type'],
  ['string', 'Strings'],
  ['bitmap', 'Bitmaps'],
  ['hash', 'Hashes'],
  ['list', 'Lists'],
  ['set', 'Sets'],
  ['sorted-set', 'Sorted sets'],
  ['geo', 'Geospatial indexes'],
  ['hyperloglog', 'HyperLogLog'],
  ['stream', 'Streams'],
  ['pubsub', 'Publish and subscribe'],
  ['transactions', 'Transactions'],
  ['scripting', 'Scripts and functions'],
  ['connection', 'Connection'],
  ['server', 'Server'],
  ['cluster', 'Cluster'],
];

interface Row {
  readonly name: string;
  readonly spec: CommandSpec;
}

/** The page without its note. @throws Error for a missing command that has no reason, or has one in vain. */
export function commandsPage(): string {
  const rows = allRows();
  const tables = GROUPS.map(([group, title]) => groupTable(title, rows, group));
  return `# Commands

${rows.length} commands and subcommands, by group. \`COMMAND DOCS\` tells the same to clients.

${tables.filter((table) => table !== '').join('\n')}
${compatibility(rows)}`;
}

/** Containers that do nothing by themselves are left out. */
function allRows(): Row[] {
  return commandSpecs.flatMap((spec) => [
    ...(spec.run === undefined ? [] : [{ name: spec.name, spec }]),
    ...(spec.subcommands ?? []).map((sub) => ({ name: `${spec.name}|${sub.name}`, spec: sub })),
  ]);
}

function groupTable(title: string, rows: readonly Row[], group: string): string {
  const lines = rows
    .filter(({ spec }) => spec.group === group)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, spec }) => {
      const syntax = `${name.replace('|', ' ').toUpperCase()} ${spec.syntax}`.trim();
      return `| \`${cell(syntax)}\` | ${cell(spec.summary)} | ${cell(spec.complexity)} |`;
    });
  if (lines.length === 0) return '';
  return `## ${title}\n\n| command | what it does | complexity |\n|---|---|---|\n${lines.join('\n')}\n`;
}

function compatibility(rows: readonly Row[]): string {
  const names = new Set([...rows.map(({ name }) => name), ...commandSpecs.map(({ name }) => name)]);
  const known = new Set(redisCommands);
  const missing = redisCommands.filter((name) => !names.has(name));
  const reasons = missing.map((name) => [name, reasonOf(name)] as const);
  for (const name of [...Object.keys(missingBecause), ...Object.keys(differences)]) {
    if (!known.has(name)) throw new Error(`${name} is no command of Redis 7.2`);
    if (names.has(name) && name in missingBecause) throw new Error(`${name} is not missing`);
  }
  const refused = rows.filter(({ spec }) => spec.summary.startsWith('Refused'));
  const own = rows.filter(({ name }) => !known.has(name));
  const there = redisCommands.length - missing.length - refused.length;
  const different = Object.entries(differences);
  const byReason = Map.groupBy(refused, ({ spec }) => spec.summary.replace(/^Refused: /, ''));
  return `## Compared with Redis 7.2

Clients are told version ${COMPATIBLE_VERSION}. Of the ${redisCommands.length} commands and subcommands of Redis 7.2, ${there} do here what they do there (${different.length} of them with the differences below), ${refused.length} are known and refused, ${missing.length} are not there.

${missingTable(reasons)}Known and refused, with the error that Redis gives where there is no cluster, replica or module:

| why | commands |
|---|---|
${[...byReason].map(([why, list]) => `| ${cell(why)} | ${namesOf(list)} |`).join('\n')}

Different:

| command | how |
|---|---|
${different.map(([name, how]) => `| \`${shown(name)}\` | ${how} |`).join('\n')}

Beyond Redis 7.2, from later versions of Redis or of Plinth's own:

${namesOf(own)}
`;
}

function missingTable(reasons: readonly (readonly [string, string])[]): string {
  if (reasons.length === 0) return '';
  const lines = reasons.map(([name, reason]) => `| \`${shown(name)}\` | ${reason} |`);
  return `Not there:\n\n| command | reason |\n|---|---|\n${lines.join('\n')}\n\n`;
}

function reasonOf(name: string): string {
  const reason = missingBecause[name] ?? missingBecause[name.split('|')[0] ?? ''];
  if (reason === undefined)
    throw new Error(`${name} is missing without a reason in redis-commands.ts`);
  return reason;
}

function namesOf(rows: readonly Row[]): string {
  return rows.map(({ name }) => `\`${shown(name)}\``).join(', ');
}

function shown(name: string): string {
  return name.replace('|', ' ').toUpperCase();
}

/** Text inside a table cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** What an import came to, for people. */
import type { ComparisonReport, Difference, DifferenceKind } from '../kv/import/index.ts';
import { table } from './table.ts';

export interface ImportOutcome {
  readonly ok: true;
  readonly source: string;
  readonly target: string;
  /** Keys and libraries of the snapshot. */
  readonly keys: number;
  readonly functions: number;
  /** Commands of the stream behind it; those that the store refused, and what it said. */
  readonly commands: number;
  readonly refused: number;
  readonly refusals: readonly string[];
  readonly resumed: number;
  readonly lagBytes: number | null;
  /** Null: none was asked for. */
  readonly comparison: ComparisonReport | null;
}

export function importText(outcome: ImportOutcome): string {
  const { source, target, keys, functions, commands, refused, refusals, comparison } = outcome;
  const since = outcome.lagBytes === null ? '' : `, and ${commands} commands since`;
  const lines = [
    `Imported from ${source} to ${target}: ${keys} keys, ${functions} libraries${since}.`,
  ];
  if (refused > 0) {
    lines.push(`${refused} commands were refused:`, ...refusals.map((text) => `  ${text}`));
  }
  return `${lines.join('\n')}\n${comparison === null ? '' : comparisonText(comparison)}`;
}

const KIND_TEXT: Readonly<Record<DifferenceKind, string>> = {
  'only-at-source': 'is missing in the store',
  'only-at-target': 'is only in the store',
  'other-value': 'has another value',
  'other-expiry': 'ends at another time',
  unreadable: 'cannot be read at one side',
};

function comparisonText({ same, databases, functionsSame, differences }: ComparisonReport): string {
  const rows = databases.map(({ db, sourceKeys, targetKeys, compared, differing }) =>
    [`db${db}`, sourceKeys, targetKeys, compared, differing].map(String),
  );
  const head = ['database', 'source', 'store', 'compared', 'different'];
  const verdict = same ? 'No difference.\n' : 'There are differences.\n';
  const functions = functionsSame ? '' : 'Libraries of functions differ.\n';
  return `${table([head, ...rows])}${functions}${differences.map(line).join('')}${verdict}`;
}

function line({ db, key, kind }: Difference): string {
  return `  db${db} ${JSON.stringify(key.toString('latin1'))} ${KIND_TEXT[kind]}\n`;
}

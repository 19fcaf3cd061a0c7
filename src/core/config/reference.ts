/** What people read about settings: the reference page and the example file, both from the one table. */
import { stringify } from 'yaml';
import { fieldsByKey } from './located.ts';
import type { AnySection, Fields, Records } from './section.ts';
import type { Setting } from './setting.ts';

/** The tables of docs/config.md, one for each section. */
export function referenceMarkdown(sections: readonly AnySection[]): string {
  return sections.map(sectionMarkdown).join('\n');
}

function sectionMarkdown(section: AnySection): string {
  return [
    `## ${section.name}`,
    '',
    section.about,
    '',
    '| setting | default | wanted | live | what it does, and when to change it |',
    '|---|---|---|---|---|',
    ...rowsOf(section.fields, section.name),
    '',
  ].join('\n');
}

/** One row for each setting and each list of records; `*` stands for the name of a record. */
function rowsOf(fields: Fields, path: string): string[] {
  return [...fieldsByKey(fields).values()].flatMap(({ key, field }) => {
    const here = `${path}.${key}`;
    if (field.is === 'group') return rowsOf(field.fields, here);
    if (field.is === 'setting') return [settingRow(field, here)];
    return [recordsRow(field, here), ...rowsOf(field.fields, `${here}.*`)];
  });
}

function settingRow(setting: Setting<unknown>, path: string): string {
  const file = setting.fromFile ? `, \`${path}_file\`` : '';
  const shown = setting.default === undefined ? '—' : `\`${inline(setting)}\``;
  return row([
    `\`${path}\`${file}`,
    setting.required ? 'must be said' : shown,
    setting.wanted,
    setting.reloadable ? 'yes' : 'no',
    sentences(setting.about, setting.change),
  ]);
}

function recordsRow(field: Records<Fields>, path: string): string {
  return row([
    `\`${path}\``,
    '`[]`',
    `a list of at most ${field.max}, each a ${field.one} with a \`name\` of its own`,
    field.reloadable ? 'yes' : 'no',
    sentences(field.about, field.change),
  ]);
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function sentences(...all: readonly string[]): string {
  return all.filter((each) => each !== '').join(' ');
}

/** A file with every setting, commented out at its default. */
export function exampleYaml(sections: readonly AnySection[]): string {
  return sections
    .map((each) =>
      [`# ${each.about}`, `${each.name}:`, ...exampleLines(each.fields, '  ')].join('\n'),
    )
    .join('\n\n')
    .concat('\n');
}

function exampleLines(fields: Fields, indent: string): string[] {
  return [...fieldsByKey(fields).values()].flatMap(({ key, field }) => {
    if (field.is === 'group') {
      const lines = exampleLines(field.fields, `${indent}  `);
      return [`${indent}# ${field.about}`, `${indent}${key}:`, ...lines];
    }
    if (field.is === 'records') {
      const lines = recordLines(field, key, '').map((line) => `${indent}# ${line}`);
      return [`${indent}# ${field.about}`, ...lines];
    }
    const line = field.fromFile
      ? `${indent}# ${key}_file: /run/secrets/${key}`
      : `${indent}# ${key}: ${inline(field)}`;
    return [`${indent}# ${field.about}`, line];
  });
}

/** A list with one record, every setting at its default: what stands behind the first `#` of each line. */
function recordLines(field: Records<Fields>, key: string, indent: string): string[] {
  const inner = `${indent}    `;
  const lines = (fields: Fields, at: string): string[] =>
    [...fieldsByKey(fields).values()].flatMap(({ key: name, field: each }) => {
      const about = `${at}# ${each.about}`;
      if (each.is === 'group') return [about, `${at}${name}:`, ...lines(each.fields, `${at}  `)];
      if (each.is === 'records') return [about, ...recordLines(each, name, at)];
      const value = each.fromFile ? `_file: /run/secrets/${name}` : `: ${inline(each)}`;
      return [about, `${at}${name}${value}`];
    });
  return [`${indent}${key}:`, `${indent}  - name: example`, ...lines(field.fields, inner)];
}

/** The default on one line, as YAML. */
function inline(setting: Setting<unknown>): string {
  const shown = setting.default === undefined ? null : setting.show(setting.default);
  return stringify(shown, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
}

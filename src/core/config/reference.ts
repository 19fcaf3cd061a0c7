/** What people read about settings: the reference page and the example file, both from the one table. */
import { stringify } from 'yaml';
import { type AnySection, type Fields, keyOf, type Located, settingsOf } from './section.ts';
import type { Setting } from './setting.ts';

/** The tables of docs/config.md, one for each section. */
export function referenceMarkdown(sections: readonly AnySection[]): string {
  return sections.map(sectionMarkdown).join('\n');
}

function sectionMarkdown(section: AnySection): string {
  const rows = settingsOf(section).map(settingRow);
  return [
    `## ${section.name}`,
    '',
    section.about,
    '',
    '| setting | default | wanted | live | what it does, and when to change it |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function settingRow({ setting, path }: Located): string {
  const file = setting.fromFile ? `, \`${path}_file\`` : '';
  const what = [setting.about, setting.change].filter((each) => each !== '').join(' ');
  return `| ${[
    `\`${path}\`${file}`,
    setting.default === undefined ? '—' : `\`${inline(setting)}\``,
    setting.wanted,
    setting.reloadable ? 'yes' : 'no',
    what,
  ]
    .map((cell) => cell.replaceAll('|', '\\|'))
    .join(' | ')} |`;
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
  return Object.entries(fields).flatMap(([name, field]) => {
    const key = keyOf(name, field);
    if (field.is === 'group') {
      const lines = exampleLines(field.fields, `${indent}  `);
      return [`${indent}# ${field.about}`, `${indent}${key}:`, ...lines];
    }
    const line = field.fromFile
      ? `${indent}# ${key}_file: /run/secrets/${key}`
      : `${indent}# ${key}: ${inline(field)}`;
    return [`${indent}# ${field.about}`, line];
  });
}

/** The default on one line, as YAML. */
function inline(setting: Setting<unknown>): string {
  const shown = setting.default === undefined ? null : setting.show(setting.default);
  return stringify(shown, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
}

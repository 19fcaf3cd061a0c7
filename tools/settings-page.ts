/** docs/settings.md: what CONFIG GET and CONFIG SET know. */

import { createNodeClock, createNodeRandom } from '../src/core/runtime/node/index.ts';
import { commandSpecs } from '../src/kv/commands/index.ts';
import { Engine } from '../src/kv/engine/engine.ts';
import { type SettingRow, settingGroups } from '../src/kv/setting-table/index.ts';

const HOW: Readonly<Record<SettingRow['sort'], string>> = {
  live: 'live',
  fact: 'read only',
  kept: 'no effect',
};

/** The page without its note. */
export function settingsPage(): string {
  const { config } = new Engine({
    commands: commandSpecs,
    clock: createNodeClock(),
    random: createNodeRandom(),
  });
  const groups = settingGroups.map(({ title, rows }) => {
    const lines = rows.map((row) => {
      const names = [row.name, ...row.aliases].map((name) => `\`${name}\``).join(', ');
      const value = config.get(row.name) ?? '';
      return `| ${names} | ${value === '' ? '' : `\`${value}\``} | ${HOW[row.sort]} | ${row.about} |`;
    });
    return `## ${title}\n\n| setting | default | | what it does |\n|---|---|---|---|\n${lines.join('\n')}\n`;
  });
  return `# Settings that clients see

What \`CONFIG GET\` shows and \`CONFIG SET\` changes in the running store, under the names that Redis users know. A change lasts as long as the process; what shall stay stands in the configuration file ([config.md](config.md)).

A *live* setting takes effect at once. One that is *read only* was decided before the start. One with *no effect* is checked, accepted and given back for the sake of tools that set it; the last column says why it has nothing to do here.

${groups.join('\n')}`;
}

/** `plinth config get | set | unset`: the settings of a running process, by its admin door. */
import type { Command } from 'commander';
import { parse, stringify } from 'yaml';
import { type AnySection, didYouMean, type Field, fieldsByKey } from '../core/config/index.ts';
import { askWithToken } from './admin-ask.ts';
import { addTokenOptions, type TokenOptions } from './admin-door.ts';
import { changeSettings } from './change-settings.ts';
import { exitCode } from './exit-codes.ts';
import type { CommandContext } from './host.ts';

type Tree = { [key: string]: unknown };

export function addConfigLive(config: Command, context: CommandContext): void {
  addTokenOptions(config.command('get'))
    .argument('[path]', 'a setting, a record, a group or a section; all of them when left out')
    .description('print what is configured in a running Plinth, secrets hidden')
    .addHelpText(
      'after',
      `
Examples:
  $ plinth config get log.level
  $ plinth config get kv --json`,
    )
    .action(async (path: string | undefined, options: TokenOptions) => {
      const document = await askWithToken(context, options, { method: 'GET', path: '/config' });
      if (document !== undefined) tellValue(context, options, document, path);
    });

  addTokenOptions(config.command('set'))
    .argument(
      '<path=value...>',
      'settings and their values; of a record the name stands in its path',
    )
    .description('change settings of a running Plinth and its configuration file')
    .addHelpText(
      'after',
      `
All changes are made together or none is. The values of a list are parted by commas. A record,
a group or a whole list of records is given as YAML between braces or brackets.

Examples:
  $ plinth config set log.level=debug node.drain=30s
  $ plinth config set kv.password_file=/run/secrets/kv`,
    )
    .action(async (given: readonly string[], options: TokenOptions) => {
      const patch = emptyTree();
      for (const argument of given) {
        const equals = argument.indexOf('=');
        const path = argument.slice(0, equals).trim();
        const value =
          equals < 1
            ? undefined
            : givenValue(context.host.sections, path, argument.slice(equals + 1));
        if (value === undefined) {
          context.host.err(`plinth: ${argument}: wanted path=value, such as log.level=debug\n`);
          context.exit(exitCode('usage'));
          return;
        }
        put(patch, path, value);
      }
      await changeSettings(context, options, patch);
    });

  addTokenOptions(config.command('unset'))
    .argument('<path...>', 'settings, groups, records or lists of records')
    .description('give settings of a running Plinth their defaults back, or remove records')
    .addHelpText('after', '\nExample:\n  $ plinth config unset log.level')
    .action(async (paths: readonly string[], options: TokenOptions) => {
      const patch = emptyTree();
      for (const path of paths) put(patch, path, null);
      await changeSettings(context, options, patch);
    });
}

function tellValue(
  { host, exit }: CommandContext,
  { json }: TokenOptions,
  document: unknown,
  path: string | undefined,
): void {
  let value = document;
  let above = '';
  for (const key of path === undefined ? [] : path.split('.')) {
    const tree = isTree(value) ? value : {};
    const here = above === '' ? key : `${above}.${key}`;
    if (!Object.hasOwn(tree, key)) {
      const known = Object.keys(tree).map((each) => (above === '' ? each : `${above}.${each}`));
      host.err(`plinth: there is no ${here}${didYouMean(here, known)}\n`);
      exit(exitCode('usage'));
      return;
    }
    value = tree[key];
    above = here;
  }
  if (json) host.out(`${JSON.stringify(value, null, 2)}\n`);
  else if (typeof value === 'string') host.out(`${value}\n`);
  else host.out(stringify(value, { lineWidth: 0 }));
}

/** The value of an argument as a patch has it; undefined when it is none. */
function givenValue(sections: readonly AnySection[], path: string, text: string): unknown {
  const field = fieldOf(sections, path);
  if (field?.is === 'setting' && !field.isList) return text;
  if (/^\s*[[{]/.test(text)) return parsedYaml(text);
  if (field?.is !== 'setting') return text;
  return text.trim() === '' ? [] : text.split(',').map((each) => each.trim());
}

/** The table row of a path; undefined for a section, a record and what is not known here. */
function fieldOf(sections: readonly AnySection[], path: string): Field | undefined {
  const [name, ...keys] = path.split('.');
  let fields = sections.find((each) => each.name === name)?.fields;
  let field: Field | undefined;
  let isName = false;
  for (const key of keys) {
    if (isName) {
      isName = false;
      field = undefined;
      continue;
    }
    field = fields && fieldsByKey(fields).get(key)?.field;
    fields = field === undefined || field.is === 'setting' ? undefined : field.fields;
    isName = field?.is === 'records';
  }
  return field;
}

function parsedYaml(text: string): unknown {
  try {
    return parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}

function put(patch: Tree, path: string, value: unknown): void {
  const keys = path.split('.');
  let tree = patch;
  for (const key of keys.slice(0, -1)) {
    if (!isTree(tree[key])) tree[key] = emptyTree();
    tree = tree[key] as Tree;
  }
  tree[keys.at(-1) as string] = value;
}

/** Whatever the key is, setting it means nothing else. */
function emptyTree(): Tree {
  return Object.create(null) as Tree;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

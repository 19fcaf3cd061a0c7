/**
 * `npm run docs`: writes the documents that derive from tables in the code. To generate a document, add
 * its row to `generated`; the tidy test then holds it up to date. `--check` only names those that differ.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { buildProgram, exitCodeTable } from '../src/cli/index.ts';
import { exampleYaml, jsonSchema, referenceMarkdown } from '../src/core/config/index.ts';
import { sectionsFor } from '../src/sections.ts';
import { systems } from '../src/systems.ts';
import { balancerMetricsPage } from './balancer-metrics-page.ts';
import { cacheRequirementsPage } from './cache-requirements-page.ts';
import { commandsPage } from './commands-page.ts';
import { compatibilityPage } from './compatibility-page.ts';
import { s3Page } from './s3-page.ts';
import { settingsPage } from './settings-page.ts';
import { webHdfsPage } from './webhdfs-page.ts';

export interface GeneratedDocument {
  /** Below the project's folder. */
  readonly path: string;
  text(): string;
}

const sections = sectionsFor(systems);
const program = await buildProgram({
  host: {
    version: '',
    sections,
    environment: {},
    out: () => {},
    err: () => {},
    up: async () => 0,
    lab: async () => 0,
  },
  exit: () => {},
});
const NOTE = '<!-- Written by `npm run docs`; change the tables in the code instead. -->\n';

export const generated: readonly GeneratedDocument[] = [
  { path: 'docs/config.md', text: configPage },
  {
    path: 'docs/plinth.schema.json',
    text: () => `${JSON.stringify(jsonSchema(sections), null, 2)}\n`,
  },
  { path: 'docs/cli.md', text: cliPage },
  { path: 'docs/balancer-metrics.md', text: () => `${NOTE}\n${balancerMetricsPage()}` },
  { path: 'docs/commands.md', text: () => `${NOTE}\n${commandsPage()}` },
  { path: 'docs/compatibility.md', text: () => `${NOTE}\n${compatibilityPage()}` },
  { path: 'docs/rfc9111.md', text: () => `${NOTE}\n${cacheRequirementsPage()}` },
  { path: 'docs/s3.md', text: () => `${NOTE}\n${s3Page()}` },
  { path: 'docs/settings.md', text: () => `${NOTE}\n${settingsPage()}` },
  { path: 'docs/webhdfs.md', text: () => `${NOTE}\n${webHdfsPage()}` },
  { path: 'examples/plinth.yaml', text: examplePage },
];

/** The paths of documents that are not what their tables say. */
export function outdated(documents: readonly GeneratedDocument[]): string[] {
  return documents.filter(({ path, text }) => stored(path) !== text()).map(({ path }) => path);
}

function configPage(): string {
  return `${NOTE}
# Configuration

Every setting is optional. A value is looked for in this order, the first found is taken: \`--set kv.port=7000\`, the environment (\`PLINTH_KV_PORT=7000\`: the name in capitals, dots as underscores), the file (\`plinth.yaml\`, or the one named by \`--config\` or \`PLINTH_CONFIG\`), the default. In the environment and after \`--set\` the values of a list are parted by commas. An empty variable counts as not set.

\`plinth config check\` names every mistake with its line, \`plinth config show --all\` prints what is in force and where it comes from, \`plinth config schema\` prints the JSON Schema for editors (also in [plinth.schema.json](plinth.schema.json)). A commented file with all defaults is in [examples/plinth.yaml](../examples/plinth.yaml).

Sizes: \`64mb\`, \`1gb\` are powers of 1024; \`64m\`, \`1g\` powers of 1000, as in Redis. Durations need their unit: \`500ms\`, \`10s\`, \`1m30s\`, \`2h\`, \`1d\`. A secret may stand in a file of its own, whose last line break is dropped.

A list of records has a map for each, with a \`name\` of its own; order is kept. Paths address a record by its name: where the table says \`balancer.pools.*.policy\`, the policy of the pool \`app\` is \`balancer.pools.app.policy\`, after \`--set\` and in \`plinth config set\`. \`--set\` changes records that the file has; the environment changes none.

Settings that are *live* are taken over by a running process, all of them or, when one is refused, none: on SIGHUP, which reads the file again, and by \`plinth config set\` or a \`PATCH\` on the [admin door](../src/console/README.md), which write the change into the file and leave the rest of it as it is. The log says what changed and what needs a restart.

${referenceMarkdown(sections)}`;
}

function examplePage(): string {
  return `# yaml-language-server: $schema=../docs/plinth.schema.json
# Every setting of Plinth at its default. Copy what you change; docs/config.md explains each.

${exampleYaml(sections)}`;
}

function cliPage(): string {
  const codes = Object.values(exitCodeTable).map(({ code, means }) => `| ${code} | ${means} |`);
  return `${NOTE}
# Command line

In a clone of the repository \`plinth\` is \`npm run -s plinth --\`.

${commandsOf(program).join('\n')}
## Exit codes

| code | meaning |
|---|---|
${codes.join('\n')}
`;
}

/** The help of each command that does something, groups opened. */
function commandsOf(command: Command, path: readonly string[] = ['plinth']): string[] {
  if (command.commands.length > 0) {
    return command.commands.flatMap((each) => commandsOf(each, [...path, each.name()]));
  }
  let help = '';
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
    getOutHelpWidth: () => 100,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return [`## ${path.join(' ')}\n\n\`\`\`text\n${help.trimEnd()}\n\`\`\`\n`];
}

function stored(path: string): string | undefined {
  try {
    return readFileSync(absolute(path), 'utf8');
  } catch {
    return undefined;
  }
}

function absolute(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

if (import.meta.main) {
  const differing = outdated(generated);
  for (const path of differing) console.log(path);
  if (process.argv.includes('--check')) process.exitCode = differing.length === 0 ? 0 : 1;
  else for (const { path, text } of generated) writeFileSync(absolute(path), text());
}

/**
 * The composition root: the real process around the command line. Nothing else reads process.argv or
 * process.env, and only main.ts imports this file.
 */
import { readFileSync } from 'node:fs';
import { exitCode, type Host, runCli } from './cli/index.ts';
import { outputTo } from './output.ts';
import { sectionsFor } from './sections.ts';
import { systems } from './systems.ts';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

let outputFailed = false;
const err = outputTo(process.stderr, () => {});
const out = outputTo(process.stdout, (error) => {
  err(`plinth: the output cannot be written: ${error.message}\n`);
  outputFailed = true;
  process.exitCode = exitCode('dataUnwritable');
});

const host: Host = {
  version: manifest.version,
  sections: sectionsFor(systems),
  environment: process.env,
  out,
  err,
  up: async (request) => {
    const { up } = await import('./up.ts');
    return up({ ...request, version: manifest.version, rows: systems, out, err });
  },
  lab: async (request) => {
    const { runLab } = await import('./lab.ts');
    return runLab({ ...request, environment: process.env, out, err });
  },
};

const code = await runCli(process.argv.slice(2), host);
// The stream may tell before or after this line that it failed.
if (!outputFailed || code !== exitCode('ok')) process.exitCode = code;

/**
 * The composition root: the real process around the command line. Nothing else reads process.argv or
 * process.env, and only main.ts imports this file.
 */
import { readFileSync } from 'node:fs';
import { type Host, runCli } from './cli/index.ts';
import { sectionsFor } from './node.ts';
import { systems } from './systems.ts';
import { up } from './up.ts';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

const host: Host = {
  version: manifest.version,
  sections: sectionsFor(systems),
  environment: process.env,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  up: (request) =>
    up({ ...request, version: manifest.version, rows: systems, out: host.out, err: host.err }),
};

process.exitCode = await runCli(process.argv.slice(2), host);

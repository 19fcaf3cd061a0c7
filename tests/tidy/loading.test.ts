import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { isTest, root, type SourceFile, sourceFiles } from './tree.ts';

/** Says at the end which modules of src were loaded. */
const HOOK = `
import { registerHooks } from 'node:module';
const loaded = [];
registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
process.on('exit', () => console.error(JSON.stringify(loaded)));
`;

test('a command loads the settings of all systems and the code of none that it does not use', () => {
  const loaded = loadedBy(['config', 'check']);
  for (const system of ['kv', 'files', 'cache', 'balancer', 'edge']) {
    assert.ok(loaded.includes(`${system}/config/config.ts`), system);
    assert.ok(!loaded.includes(`${system}/system.ts`), system);
  }
  assert.ok(!loaded.includes('cli/kv.ts'));
  assert.ok(!loaded.includes('node.ts'));
});

test('canary: what a command uses is seen', () => {
  assert.ok(loadedBy(['kv', '--help']).includes('cli/kv.ts'));
});

test('nobody imports node:http, which loads the client behind fetch, but for its types', () => {
  assert.deepEqual(importersOfHttp(sourceFiles()), []);
});

test('canary: who imports node:http is seen, but not who takes its types', () => {
  const text = "import { get, type IncomingMessage } from 'node:http';";
  const types = "import type { IncomingMessage } from 'node:http';";
  const files = [
    { path: 'src/a.ts', text },
    { path: 'src/b.ts', text: types },
  ];
  assert.deepEqual(importersOfHttp(files), ['src/a.ts']);
});

function importersOfHttp(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.startsWith('src/') && !isTest(path))
    .filter(({ text }) => /^import (?!type )[^;]*from 'node:http'/m.test(text))
    .map(({ path }) => path);
}

function loadedBy(command: readonly string[]): string[] {
  const hook = `data:text/javascript,${encodeURIComponent(HOOK)}`;
  const args = ['--import', hook, join(root, 'src/main.ts'), ...command];
  const script = 'exec "$0" "$@" 2>&1 >/dev/null';
  const text = execFileSync('/bin/sh', ['-c', script, process.execPath, ...args], {
    encoding: 'utf8',
    cwd: root,
    env: {},
  });
  const urls = JSON.parse(text.trim().split('\n').at(-1) ?? '[]') as string[];
  return urls.flatMap((url) => (url.includes('/src/') ? [url.split('/src/').at(-1)!] : []));
}

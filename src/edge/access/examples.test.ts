/** The examples of docs/signed-urls.md sign as we do. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { signUrl } from './sign.ts';

const doc = readFileSync(new URL('../../../docs/signed-urls.md', import.meta.url), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'plinth-sign-'));
after(() => rmSync(folder, { recursive: true }));

const key = { name: 'k1', secret: 'a secret of some length' };
const until = 1767225600;
const thing = ['example.com', '/films/1.mp4', 'lang=de&v=2', String(until), key.name, key.secret];
const bare = ['example.com', '/a%20b', '', String(until), key.name, key.secret];

test('the address that is printed there is the right one', () => {
  const url = signUrl('https://example.com/films/1.mp4?lang=de&v=2', { key, until });
  assert.ok(doc.includes(`    ${url}\n`), url);
});

for (const [language, command, extension] of [
  ['bash', 'bash', 'sh'],
  ['python', 'python3', 'py'],
  ['ts', process.execPath, 'ts'],
] as const) {
  const needed = language === 'bash' ? 'openssl' : command;
  const isThere = spawnSync(needed, ['--version']).error === undefined;
  test(`the example in ${language}`, { skip: isThere ? false : `missing peer: ${needed}` }, () => {
    const code = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\n\`\`\``).exec(doc)?.[1];
    assert.ok(code !== undefined);
    const file = join(folder, `sign.${extension}`);
    writeFileSync(file, code);
    const run = (args: readonly string[]): string =>
      execFileSync(command, [file, ...args], { encoding: 'utf8' }).trim();
    assert.equal(
      run(thing),
      signUrl(`https://example.com/films/1.mp4?lang=de&v=2`, { key, until }),
    );
    assert.equal(run(bare), signUrl(`https://example.com/a%20b`, { key, until }));
  });
}

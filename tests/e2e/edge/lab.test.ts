/** The network in a box: one command, and the steps that it prints work as printed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { requirePeer } from '../../support/peers.ts';
import { type Child, startChild, temporaryFolder, waitUntil } from '../../support/process.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const main = join(root, 'src/main.ts');
const needs = requirePeer('dig', 'curl', 'h2load');
/** Others may run a lab of their own. */
const net = `127.${100 + Math.floor(Math.random() * 150)}`;
const folder = temporaryFolder('plinth-lab');

let lab: Child | undefined;
/** The printed lines of each step, by what it says. */
const steps = new Map<string, string[]>();

before(async () => {
  if (needs.skip !== undefined) return;
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('PLINTH_')),
  );
  const args = ['edge', 'lab', '--pops', '5', '--net', net, '--scale', '0.2'];
  lab = startChild(process.execPath, [main, ...args, '--folder', join(folder.path, 'net')], {
    env,
  });
  const started = lab;
  await waitUntil(
    'the lab',
    () => started.hasExited() || lab!.output().includes('Ctrl-C'),
    120_000,
  );
  assert.ok(!lab.hasExited(), lab.output());
  let says = '';
  for (const line of lab.output().split('\nTry:\n')[1]?.split('\n') ?? []) {
    if (line.startsWith('  # ')) says = line.slice(4);
    else if (line.startsWith('  ')) steps.set(says, [...(steps.get(says) ?? []), line.trim()]);
  }
});

after(async () => {
  lab?.process.kill('SIGINT');
  await lab?.exited;
  folder.remove();
});

/** Output of the lines of a step, run by a shell in the repository as a reader would. */
function run(beginning: string): string[] {
  const found = [...steps].find(([says]) => says.startsWith(beginning));
  assert.ok(found !== undefined, `no step ${beginning} in ${[...steps.keys()]}`);
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  return found[1].map((line) => {
    const { stdout, stderr, status } = spawnSync('bash', ['-c', line], {
      ...{ cwd: root, env, encoding: 'utf8', timeout: 60_000 },
    });
    assert.equal(status, 0, `${line}\n${stdout}${stderr}`);
    return stdout.trim();
  });
}

test('users are sent to the PoP near them, and it is explained why', needs, async () => {
  // On a machine that is busy with other tests a PoP may have been thought down for a moment.
  let printed: string[] = [];
  await waitUntil(
    'every PoP',
    () => {
      printed = run('Users are sent');
      return printed[0] === `${net}.16.1` && printed[1] === `${net}.19.1`;
    },
    60_000,
  );
  const [berlin, osaka, why = ''] = printed;
  assert.equal(berlin, `${net}.16.1`);
  assert.notEqual(osaka, berlin);
  assert.match(why, new RegExp(`A ${osaka?.replaceAll('.', '\\.')}`));
  assert.match(why, /JP/);
});

test('misses meet at the shield', needs, () => {
  const [first = '', second = '', third = ''] = run('A miss at one PoP');
  assert.match(first, /fwd=uri-miss.*fwd=uri-miss/, 'neither had it');
  assert.match(second, /plinth; hit.*fwd=uri-miss/, 'the shield had it');
  assert.match(third, /plinth; hit/, 'the PoP has it');
});

test('a purge has a receipt of all PoPs, and nothing of it is served behind it', needs, () => {
  const [receipt = '', then = ''] = run('A purge by tag');
  assert.match(receipt, /^Purge \d+ holds in all points of presence/);
  assert.equal(receipt.split('\n').filter((line) => /confirmed/.test(line)).length, 5);
  assert.match(then, /fwd=uri-miss.*fwd=uri-miss/);
});

test('members need a signed address, and some content its country', needs, () => {
  const [without = '', signed, abroad = '', home] = run('Content for members');
  assert.match(without, /403$/);
  assert.equal(signed, 'For those with a signed address.');
  assert.match(abroad, /403$/);
  assert.equal(home, 'For Germany, France and Great Britain.');
});

test('a flood is held back, and others are served', needs, () => {
  const [flood = '', other = '', status = ''] = run('A flood from one address');
  const [, good, refused] = /status codes: (\d+) 2xx, \d+ 3xx, (\d+) 4xx/.exec(flood) ?? [];
  assert.ok(Number(refused) > Number(good), flood);
  assert.match(other, /^Hello from the origin\.\n200 /);
  assert.match(status, /HELD BACK\s+\d+ rate/);
});

test('users of a PoP that dies move to the next one', needs, async () => {
  const [, printed = ''] = run('A PoP dies');
  const isMoved = (answer: string): boolean =>
    answer.startsWith(`${net}.`) && answer !== `${net}.19.1`;
  // A machine that is busy with other tests may look later than the step waits.
  await waitUntil('another PoP', () => isMoved(printed) || isMoved(run('Users are sent')[1] ?? ''));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tuneAllocator } from './allocator.ts';

function startedAnew(
  change: object,
): { args: readonly string[]; tunables: string | undefined } | null {
  let started: { args: readonly string[]; tunables: string | undefined } | null = null;
  tuneAllocator({
    platform: 'linux',
    env: { HOME: '/home/x' },
    execPath: '/bin/node',
    execArgv: ['--cpu-prof'],
    argv: ['/bin/node', '/plinth/src/main.ts', 'up', '--config', 'a b'],
    connected: false,
    execve: (_file, args, env) => {
      started = { args, tunables: env.GLIBC_TUNABLES };
      assert.equal(env.HOME ?? '/home/x', '/home/x');
    },
    ...change,
  });
  return started;
}

test('the program starts itself anew with the same words and the allocator told', () => {
  const started = startedAnew({});
  assert.deepEqual(started?.args, [
    '/bin/node',
    '--cpu-prof',
    '/plinth/src/main.ts',
    'up',
    '--config',
    'a b',
  ]);
  assert.match(started?.tunables ?? '', /hugetlb=1:.*mmap_threshold=\d+/);
});

test('it does not twice, against the will of whoever set it, elsewhere, or with a parent that talks to it', () => {
  assert.equal(startedAnew({ env: { GLIBC_TUNABLES: '' } }), null);
  assert.equal(startedAnew({ env: { GLIBC_TUNABLES: 'glibc.malloc.arena_max=1' } }), null);
  assert.equal(startedAnew({ platform: 'darwin' }), null);
  assert.equal(startedAnew({ execve: undefined }), null);
  assert.equal(startedAnew({ connected: true }), null);
});

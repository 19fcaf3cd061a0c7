import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const bounds = new URL('./memory-bounds.ts', import.meta.url).href;

/** MiB that a process of its own says: the bounds hold for all of one. */
function measure(source: string, isBounded: boolean): number {
  const script = `
    import { boundMemory } from ${JSON.stringify(bounds)};
    if (${isBounded}) boundMemory();
    ${source}`;
  const args = ['--max-semi-space-size=1', '--input-type=module', '--eval', script];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return Number(stdout) / 2 ** 20;
}

test('small buffers that grow old keep little beside them', () => {
  // One in 64 KiB of small buffers stays: 32 MiB of slabs as Node has them.
  const source = `
    const old = [];
    for (let nth = 0; nth < 512; nth++) {
      old.push(Buffer.allocUnsafe(64));
      for (let more = 0; more < 1023; more++) Buffer.allocUnsafe(64);
    }
    const slabs = [...new Set(old.map(({ buffer }) => buffer))];
    process.stdout.write(String(slabs.reduce((sum, { byteLength }) => sum + byteLength, 0)));`;
  assert.ok(measure(source, false) > 30);
  assert.ok(measure(source, true) < 6);
});

test('garbage that has grown old is collected before it is much more than what lives', () => {
  // 40 MiB live, and objects that are garbage only after they have grown old.
  const source = `
    const make = () => Array.from({ length: 62 }, (_, nth) => nth + 0.5);
    const live = Array.from({ length: 80_000 }, make);
    const queue = [];
    let most = 0;
    for (let nth = 0; nth < 300_000; nth++) {
      queue[nth % 10_000] = make();
      if (nth % 1000 === 0) most = Math.max(most, process.memoryUsage().heapUsed);
    }
    process.stdout.write(String(live.length > 0 ? most : 0));`;
  // 85 and 220 MiB; how much comes in while it is collected depends on the machine.
  assert.ok(measure(source, true) * 1.4 < measure(source, false));
});

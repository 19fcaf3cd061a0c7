import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createNodeSpawn, createNodeThreads } from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'plinth-node-threads-'));
after(() => rmSync(root, { recursive: true }));

const fixture = new URL('../threads-fixture.ts', import.meta.url);
const index = new URL('./index.ts', import.meta.url);

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program that has a `thread` of the fixture in it and prints its messages and its end. */
async function runProgram(body: string, options: readonly string[] = []): Promise<Outcome> {
  const source = `
    import { createNodeThreads } from ${JSON.stringify(index.href)};
    const thread = createNodeThreads().start(new URL(${JSON.stringify(fixture.href)}), {
      onMessage(message) { console.log('message', message); onMessage(message); },
      onEnd(error) { console.log('end', error?.message); },
    });
    ${body}
    function onMessage(message) { globalThis.handler?.(message); }`;
  const path = join(root, 'program.mjs');
  writeFileSync(path, source);
  const text = { stdout: '', stderr: '' };
  const child = await createNodeSpawn().spawn({
    command: [process.execPath, ...options, ...(options.includes('-e') ? [source] : [path])],
    workingFolder: root,
    onOutput: (chunk, from) => {
      text[from] += chunk.toString();
    },
  });
  return { code: (await child.exited).code, ...text };
}

test('an idle thread does not keep the process from ending, one kept alive does until it answers', async () => {
  const idle = await runProgram(`globalThis.handler = null;`);
  assert.deepEqual(idle, { code: 0, stdout: '', stderr: '' });
  const kept = await runProgram(`
    thread.keepAlive(true);
    globalThis.handler = () => thread.keepAlive(false);
    thread.post({ do: 'echo', what: 'kept' });`);
  assert.deepEqual(kept, { code: 0, stdout: 'message kept\n', stderr: '' });
});

test('an error in a thread does not end the process and prints nothing', async () => {
  const outcome = await runProgram(`
    thread.keepAlive(true);
    thread.post({ do: 'reject' });`);
  assert.deepEqual(outcome, { code: 0, stdout: 'end rejected on order\n', stderr: '' });
});

test('the options of the process do not reach its threads', async () => {
  const preloaded = join(root, 'preloaded.mjs');
  writeFileSync(preloaded, 'console.log("preloaded");\n');
  const body = `
    thread.keepAlive(true);
    globalThis.handler = () => void thread.stop();
    thread.post({ do: 'echo', what: 'well' });`;
  const well = 'message well\nend undefined\n';
  for (const [options, stdout] of [
    [
      [
        ...['--import', preloaded],
        ...['--cpu-prof', '--cpu-prof-dir', join(root, 'profiles'), '--cpu-prof-interval=5000'],
        ...['--max-old-space-size=300', '--expose-gc', '--unhandled-rejections=warn'],
      ],
      `preloaded\n${well}`,
    ],
    [['--input-type=module', '-e'], well],
  ] as const) {
    assert.deepEqual(await runProgram(body, options), { code: 0, stdout, stderr: '' });
  }
});

test('a thread that never returns is stopped', async () => {
  const spinning = Promise.withResolvers<void>();
  const ends: (Error | null)[] = [];
  const thread = createNodeThreads().start(fixture, {
    onMessage: () => spinning.resolve(),
    onEnd: (error) => ends.push(error),
  });
  thread.keepAlive(true);
  thread.post({ do: 'spin' });
  await spinning.promise;
  await thread.stop();
  assert.deepEqual(ends, [null]);
});

test('a thread that ends itself is an error', async () => {
  const path = join(root, 'exits.ts');
  writeFileSync(path, 'export function run(): void { process.exit(3); }\n');
  const ended = Promise.withResolvers<Error | null>();
  const thread = createNodeThreads().start(new URL(`file://${path}`), {
    onMessage() {},
    onEnd: (error) => ended.resolve(error),
  });
  thread.keepAlive(true);
  assert.match(String(await ended.promise), /ended itself with code 3/);
});

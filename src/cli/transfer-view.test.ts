import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { TransferView } from './transfer-view.ts';

const MEBIBYTE = 1024 * 1024;

function stream(isTTY: boolean): { stream: NodeJS.WriteStream; drawn: () => string } {
  let text = '';
  const sink = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return {
    stream: Object.assign(sink, { isTTY, columns: 80 }) as never,
    drawn: () => stripVTControlCharacters(text),
  };
}

async function* mebibytes(count: number): AsyncGenerator<Buffer> {
  for (let nth = 0; nth < count; nth++) yield Buffer.alloc(MEBIBYTE);
}

/** Passes four MiB, ten seconds each, and gives what was drawn. */
async function drawnFor(isTTY: boolean, totalBytes: number | undefined): Promise<string> {
  const { stream: out, drawn } = stream(isTTY);
  let nowMs = 0;
  const view = new TransferView('Sending', totalBytes, out, () => nowMs);
  let bytes = 0;
  for await (const piece of view.through(mebibytes(4))) {
    bytes += piece.length;
    nowMs += 10_000;
  }
  assert.deepEqual([bytes, view.doneBytes], [4 * MEBIBYTE, 4 * MEBIBYTE]);
  return drawn();
}

test('on a terminal a bar, or a line that is rewritten when it is not known how many come', async () => {
  assert.match(await drawnFor(true, 4 * MEBIBYTE), /Sending .* 100 % of 4 MiB/);
  assert.equal(await drawnFor(true, undefined), sent(1) + sent(2) + sent(3) + sent(4) + CLEAR);
});

const CLEAR = '\r';

function sent(count: number): string {
  return `${CLEAR}Sending: ${count} MiB`;
}

test('elsewhere a line every few seconds, and nothing of what has no end', async () => {
  const lines = (await drawnFor(false, 4 * MEBIBYTE)).trim().split('\n');
  assert.equal(lines.length, 4);
  assert.equal(lines[1], 'plinth: Sending: 2 of 4 MiB');
  assert.equal(await drawnFor(false, undefined), '');
});

test('whoever takes no more leaves a clean line, and the source is closed', async () => {
  const { stream: out, drawn } = stream(true);
  let isClosed = false;
  const source = async function* (): AsyncGenerator<Buffer> {
    try {
      yield* mebibytes(9);
    } finally {
      isClosed = true;
    }
  };
  let nowMs = 0;
  const view = new TransferView('Receiving', undefined, out, () => nowMs);
  for await (const _ of view.through(source())) {
    nowMs += 1000;
    if (view.doneBytes > 0) break;
  }
  assert.ok(isClosed);
  assert.ok(drawn().endsWith(CLEAR));
});

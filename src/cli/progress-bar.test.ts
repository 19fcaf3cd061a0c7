import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { progressBar } from './progress-bar.ts';

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

test('on a terminal a bar shows how far the work is', () => {
  const { stream: terminal, drawn } = stream(true);
  const bar = progressBar('Reading the log', terminal);
  assert.equal(drawn(), '');
  bar.tell({ doneBytes: 8 * 1024 * 1024, totalBytes: 32 * 1024 * 1024 });
  bar.tell({ doneBytes: 16 * 1024 * 1024, totalBytes: 32 * 1024 * 1024 });
  bar.end();
  assert.match(drawn(), /Reading the log .* 50 % of 32 MiB/);
});

test('elsewhere nothing is drawn, and without a step nothing either', () => {
  for (const isTTY of [false, true]) {
    const { stream: out, drawn } = stream(isTTY);
    const bar = progressBar('x', out);
    if (!isTTY) bar.tell({ doneBytes: 1, totalBytes: 2 });
    bar.end();
    assert.equal(drawn().trim(), '');
  }
});

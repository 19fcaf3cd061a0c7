import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { createLogger, LOG_BUFFER_BYTES_MAX, type LogLevel } from './logger.ts';

function collecting(level: LogLevel) {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({ level, sink: { write: (line) => lines.push(JSON.parse(line)) } });
  return { logger, lines };
}

test('a line is JSON with level, time, system, sentence and facts', () => {
  const { logger, lines } = collecting('info');
  logger.child('kv').warn('slow command', { command: 'keys', tookMs: 12 });
  const { time, ...rest } = lines[0]!;
  assert.deepEqual(rest, {
    level: 'warn',
    system: 'kv',
    command: 'keys',
    tookMs: 12,
    msg: 'slow command',
  });
  assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

test('an error is written with its message, type and cause', () => {
  const { logger, lines } = collecting('info');
  logger.error('flush failed', { error: new TypeError('disk gone', { cause: new Error('EIO') }) });
  const error = lines[0]!.error as Record<string, string>;
  assert.equal(error.type, 'TypeError');
  assert.match(String(error.message), /disk gone/);
  assert.match(String(error.stack), /EIO/);
});

test('a changed level holds for children made before', () => {
  const { logger, lines } = collecting('warn');
  const child = logger.child('kv');
  child.info('unseen');
  assert.equal(child.enabled('info'), false);
  logger.setLevel('info');
  child.info('seen');
  assert.equal(child.enabled('info'), true);
  assert.deepEqual(
    lines.map((line) => line.msg),
    ['seen'],
  );
});

test('silent writes nothing at all', () => {
  const { logger, lines } = collecting('silent');
  logger.fatal('unseen');
  assert.equal(lines.length, 0);
});

test('fields with secret names are replaced, also one level down', () => {
  const { logger, lines } = collecting('info');
  logger.info('client', { password: 'p1', user: { name: 'ann', token: 't1' } });
  assert.equal(lines[0]!.password, '[secret]');
  assert.deepEqual(lines[0]!.user, { name: 'ann', token: '[secret]' });
});

test('a reader that never reads neither stops the program nor fills its memory', async () => {
  const program = `
    import { createLogger } from ${JSON.stringify(new URL('./logger.ts', import.meta.url).href)};
    const logger = createLogger({ level: 'info', sink: { fd: 2 } });
    const text = 'x'.repeat(1000);
    for (let i = 0; i < 3 * ${LOG_BUFFER_BYTES_MAX} / 1000; i++) logger.info(text);
    await logger.close();
    process.stdout.write(JSON.stringify({ dropped: logger.dropped() }));
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
  child.stderr.pause();
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  await once(child.stdout, 'end');
  child.stderr.destroy();
  assert.ok((JSON.parse(out) as { dropped: number }).dropped > 1000);
});

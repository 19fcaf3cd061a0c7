import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { FieldId } from '../../core/wire/index.ts';
import { Challenge, takeSolution, zeroBits } from './challenge.ts';
import { CHALLENGE_POLICY, challengePage } from './challenge-page.ts';
import { Visit } from './visit-fixture.ts';

const challenge = new Challenge(Buffer.alloc(32, 1));
const BITS = 8;
const NOW = 1_000_000;
const task = challenge.task('192.0.2.1', NOW + 60, BITS);

/** The first number that solves it. */
function solve(text: string, bits: number): string {
  for (let number = 0; ; number++) {
    const solution = `${text}.${number}`;
    if (zeroBits(createHash('sha256').update(solution).digest()) >= bits) return solution;
  }
}

test('a solved task opens the door for its prefix, until its end, where none is harder', () => {
  const solution = solve(task, BITS);
  assert.ok(challenge.isSolved(solution, '192.0.2.1', NOW, BITS));
  assert.ok(challenge.isSolved(solution, '192.0.2.1', NOW + 59, BITS - 1));
  assert.equal(challenge.isSolved(solution, '192.0.2.2', NOW, BITS), false);
  assert.equal(challenge.isSolved(solution, '192.0.2.1', NOW + 60, BITS), false);
  assert.equal(challenge.isSolved(solution, '192.0.2.1', NOW, BITS + 1), false);
  assert.equal(new Challenge('another key').isSolved(solution, '192.0.2.1', NOW, BITS), false);
});

test('what is not solved, or not ours, opens nothing', () => {
  const solution = solve(task, BITS);
  const [until = '', bits = '', mac = ''] = solution.split('.');
  let wrong = 0;
  while (zeroBits(createHash('sha256').update(`${task}.${wrong}`).digest()) >= BITS) wrong++;
  for (const text of [
    ...['', 'x', task, `${task}.${wrong}`, `${task}.x`, `${task}.1.2`],
    solve(`${Number(until) + 1}.${bits}.${mac}`, BITS),
    solve(`${until}.${BITS + 1}.${mac}`, BITS + 1),
    solve(`${until}.${bits}.${'A'.repeat(22)}`, BITS),
    `${solution}${'0'.repeat(20)}`,
  ]) {
    assert.equal(challenge.isSolved(text, '192.0.2.1', NOW, BITS), false, text);
  }
});

test('the solution is taken out of the request, all else stays', () => {
  const take = (...fields: string[]): [string, string | undefined] => {
    const { request } = new Visit('/', { fields });
    return [takeSolution(request), request.fields.get(FieldId.cookie)];
  };
  assert.deepEqual(take(), ['', undefined]);
  assert.deepEqual(take('Cookie: a=1'), ['', 'a=1']);
  assert.deepEqual(take('Cookie: plinth-work=x.y'), ['x.y', undefined]);
  assert.deepEqual(take('Cookie: a=1; plinth-work=x; b=2'), ['x', 'a=1; b=2']);
  assert.deepEqual(take('Cookie: a=plinth-work', 'Cookie: plinth-work=x'), ['x', 'a=plinth-work']);
});

test('the page solves its task in a browser, and allows no other script', async () => {
  const page = challengePage(task, 60).toString();
  const script = /<script>([\s\S]*)<\/script>/.exec(page)?.[1] as string;
  const hash = createHash('sha256').update(script).digest('base64');
  assert.ok(CHALLENGE_POLICY.includes(`script-src 'sha256-${hash}'`));
  assert.ok(page.includes(`data-task="${task}"`));
  const reloaded = Promise.withResolvers<void>();
  const document = {
    cookie: '',
    body: { dataset: { task, seconds: '60' } },
    getElementById: () => ({ textContent: '' }),
  };
  const location = { protocol: 'https:', reload: () => reloaded.resolve() };
  runInNewContext(script, { document, location, crypto, TextEncoder, Uint8Array, Promise });
  await reloaded.promise;
  const [, solution = ''] = /^plinth-work=([^;]+); Path=\/; .*Secure$/.exec(document.cookie) ?? [];
  assert.ok(challenge.isSolved(solution, '192.0.2.1', NOW, BITS), document.cookie);
});

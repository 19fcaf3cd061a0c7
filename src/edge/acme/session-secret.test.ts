import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimClock } from '../../core/runtime/sim/index.ts';
import { SessionSecrets, sessionSecretOf } from './session-secret.ts';

const HOUR = 3_600_000;

test('PoPs of one secret agree on each day; another day or secret is another one', async () => {
  const clock = createSimClock();
  const changes: string[][] = [[], []];
  const [one, two] = changes.map(
    (list) =>
      new SessionSecrets({
        clock,
        secret: 'ours',
        onChange: (secret) => list.push(secret.toString('hex')),
      }),
  );
  const first = one!.current.toString('hex');
  assert.equal(one!.current.length, 32);
  assert.equal(two!.current.toString('hex'), first);
  await clock.advance(23 * HOUR);
  assert.deepEqual(changes, [[], []]);
  await clock.advance(2 * 24 * HOUR);
  const [ours, theirs] = changes;
  assert.deepEqual(ours, theirs);
  assert.equal(new Set([first, ...(ours as string[])]).size, 3);
  assert.equal(one!.current.toString('hex'), ours!.at(-1));
  one!.stop();
  two!.stop();
  await clock.advance(48 * HOUR);
  assert.equal(ours!.length, 2);
  assert.notDeepEqual(sessionSecretOf('ours', 1), sessionSecretOf('theirs', 1));
});

test('a clock of people that is set: the day of now within the hour', async () => {
  const clock = createSimClock();
  let changes = 0;
  const secrets = new SessionSecrets({ clock, secret: 'ours', onChange: () => changes++ });
  clock.jumpWall(-30 * 24 * HOUR);
  await clock.advance(1.1 * HOUR);
  assert.equal(changes, 1);
  const day = Math.floor(clock.wallMs() / (24 * HOUR));
  assert.deepEqual(secrets.current, sessionSecretOf('ours', day));
  secrets.stop();
});

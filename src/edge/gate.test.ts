import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answer, type Exchange, type Handler, type StageMaker } from '../core/http/index.ts';
import { ForUsers, Gate } from './gate.ts';
import { Visit } from './guard/visit-fixture.ts';

const TIER = 8470;
const TOKEN = 'f'.repeat(64);

/** A guard whose rules turn everybody away. */
const nobody: StageMaker = {
  make: (rule) => (rule === 'nobody' ? (exchange) => answer(exchange, { status: 429 }) : undefined),
};

const gate = () =>
  new Gate({
    ...{ pop: 'ams', tierPort: TIER, hopToken: TOKEN, guard: nobody },
    answersChallenge: (exchange: Exchange) => {
      if (!exchange.request.path().startsWith('/.well-known/acme-challenge/')) return false;
      answer(exchange, { status: 200 });
      return true;
    },
  });

const passes: Handler = (exchange) => answer(exchange, { status: 204 });

/** Status of what a request on a port with these fields gets. */
function asked(rule: string, port: number, fields: readonly string[] = [], target = '/a'): number {
  const exchange = new Visit(target, { port, fields });
  const handler = gate().make(rule, 'route', passes);
  assert.ok(handler !== undefined);
  handler(exchange);
  return exchange.status;
}

test('a rule that the guard does not have makes no stage', () => {
  assert.equal(gate().make('other', 'route', passes), undefined);
});

test('users meet the rule of the guard, PoPs do not', () => {
  assert.equal(asked('', 80), 204);
  assert.equal(asked('nobody', 80), 429);
  assert.equal(asked('nobody', TIER, [`Plinth-Hop: ${TOKEN}`]), 204);
});

test('the token is nothing to users, and without it nobody is a PoP', () => {
  assert.equal(asked('nobody', 80, [`Plinth-Hop: ${TOKEN}`]), 429);
  assert.equal(asked('', TIER), 403);
  for (const wrong of ['', 'f', 'f'.repeat(63), 'f'.repeat(65), `${'f'.repeat(63)}e`]) {
    assert.equal(asked('', TIER, [`Plinth-Hop: ${wrong}`]), 403, wrong);
  }
});

test('a request that has been here is refused, one that was elsewhere is not', () => {
  const hop = `Plinth-Hop: ${TOKEN}`;
  for (const port of [80, TIER]) {
    assert.equal(asked('', port, [hop, 'CDN-Loop: plinth-ams']), 508);
    assert.equal(asked('', port, [hop, 'CDN-Loop: a; b=c,plinth-ams;x']), 508);
    assert.equal(asked('', port, [hop, 'CDN-Loop: other', 'CDN-Loop: plinth-ams']), 508);
    assert.equal(
      asked('', port, [hop, 'CDN-Loop: plinth-ams2, plinth-amsterdam, xplinth-ams']),
      204,
    );
    assert.equal(asked('', port, [hop, 'CDN-Loop: plinth-fra']), 204);
  }
});

test('challenges are answered before any rule', () => {
  assert.equal(asked('nobody', 80, [], '/.well-known/acme-challenge/token'), 200);
});

test('a stage for users lets PoPs by', () => {
  const stage = new ForUsers(nobody, TIER);
  const handler = stage.make('nobody', 'route', passes);
  assert.ok(handler !== undefined);
  for (const [port, status] of [
    [80, 429],
    [TIER, 204],
  ] as const) {
    const exchange = new Visit('/', { port });
    handler(exchange);
    assert.equal(exchange.status, status);
  }
  assert.equal(stage.make('other', 'route', passes), undefined);
});

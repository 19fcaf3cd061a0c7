import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from './core/config/index.ts';
import { sectionsFor } from './sections.ts';
import { systems } from './systems.ts';

test('a route may name a rule that the cache has, and no other', () => {
  const load = (rule: string): readonly string[] => {
    const text = JSON.stringify({
      cache: { rules: [{ name: 'pages' }] },
      balancer: {
        listeners: [{ name: 'web', port: 80 }],
        pools: [{ name: 'app', servers: [{ name: 'a', address: '127.0.0.1:81' }] }],
        routes: [{ name: 'site', pool: 'app', cache: rule }],
      },
    });
    const loaded = loadConfig(sectionsFor(systems), {
      file: { name: 'plinth.yaml', text },
      environment: {},
      set: [],
      readFile: () => '',
    });
    return loaded.ok ? [] : loaded.problems.map((problem) => problem.text);
  };
  assert.deepEqual(load('pages'), []);
  assert.deepEqual(load('default'), []);
  assert.deepEqual(load('posts'), [
    'balancer.routes.site.cache is posts, and cache.rules has no such rule',
  ]);
});

/**
 * Any patch of any file, however it is written: what is read back is what RFC 7396 says, and comments stay.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { balancer } from './balancer-fixture.ts';
import { type Config, loadConfig } from './load.ts';
import { namesIn } from './located.ts';
import { planPatch } from './patch-plan.ts';
import { problemText } from './problem.ts';
import { editYaml } from './yaml-edit.ts';

interface Tree {
  readonly [key: string]: unknown;
}

const NAMES = ['a', 'b', 'app', 'constructor'];
const LISTS = ['pools', 'servers', 'routes', 'listeners'];

const word = fc.constantFrom(
  'x',
  'a b',
  '10.0.0.1:80',
  '#1',
  'null',
  '7',
  '- y',
  '[::1]:80',
  '"q"',
  'é',
);
const byName = (one: fc.Arbitrary<Tree>): fc.Arbitrary<Tree> =>
  fc.dictionary(fc.constantFrom(...NAMES), one, { maxKeys: 3, noNullPrototype: true });
const some = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Tree> =>
  fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<Tree>;

const server = fc.record(
  { address: word, weight: fc.nat(256), pinned: fc.nat(9), password: word },
  { requiredKeys: ['address'] },
) as fc.Arbitrary<Tree>;
const health = some({ every: fc.constantFrom('1s', '500ms'), path: word });
const pool = some({
  policy: fc.constantFrom('random', 'round-robin'),
  health,
  servers: byName(server),
});
const route = fc.record(
  { hosts: fc.array(word, { maxLength: 4 }), pool: fc.constantFrom('p', 'q') },
  { requiredKeys: ['pool'] },
) as fc.Arbitrary<Tree>;

/** A configuration as a document, records by name. The pools `p` and `q` are always there for routes. */
const document = some({
  balancer: some({
    enabled: fc.boolean(),
    routes: byName(route),
    listeners: byName(some({ port: fc.nat(65_535) })),
    pools: byName(pool).map((pools) => ({ p: {}, ...pools, q: { policy: 'random' } })),
  }).map((each) => ({ pools: { p: {}, q: {} }, ...each })),
}).map((each) =>
  Object.keys(each).length === 0 ? { balancer: { pools: { p: {}, q: {} } } } : each,
);

const nullOr = <T>(given: fc.Arbitrary<T>) => fc.option(given, { nil: null, freq: 4 });
const patchOf = fc.record({
  balancer: some({
    enabled: nullOr(fc.boolean()),
    routes: nullOr(byName(nullOr(route) as fc.Arbitrary<Tree>)),
    listeners: nullOr(byName(nullOr(some({ port: nullOr(fc.nat(65_535)) })) as fc.Arbitrary<Tree>)),
    pools: byName(
      nullOr(
        some({
          policy: nullOr(fc.constantFrom('random', 'round-robin')),
          health: nullOr(some({ every: nullOr(fc.constant('9s')), path: nullOr(word) })),
          servers: nullOr(
            byName(
              nullOr(
                fc.record(
                  { address: word, weight: nullOr(fc.nat(256)), password: nullOr(word) },
                  { requiredKeys: ['address'] },
                ),
              ) as fc.Arbitrary<Tree>,
            ),
          ),
        }),
      ) as fc.Arbitrary<Tree>,
    ),
  }),
}) as fc.Arbitrary<Tree>;

/** RFC 7396, section 2. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result = new Map(Object.entries(isTree(target) ? target : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, merged(result.get(key), value));
  }
  return Object.fromEntries(result);
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The document as a file has it: lists of records. */
function listed(tree: Tree): Tree {
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]): [string, unknown] => {
      if (!isTree(value)) return [key, value];
      if (!LISTS.includes(key)) return [key, listed(value)];
      return [
        key,
        Object.entries(value).map(([name, each]) => ({ name, ...listed(each as Tree) })),
      ];
    }),
  );
}

/** Writes a document in all manner of forms; `dice` decides. Each comment says where it stands. */
class Writer {
  readonly #dice: readonly number[];
  #at = 0;

  constructor(dice: readonly number[]) {
    this.#dice = dice;
  }

  chance(oneIn: number): boolean {
    this.#at++;
    return (this.#dice[this.#at % this.#dice.length] as number) % oneIn === 0;
  }

  file(tree: Tree): string {
    const text = this.map(tree, 0, '', this.chance(2) ? 2 : 4).join('\n');
    return `${this.chance(2) ? '# at the top\n' : ''}${text}${this.chance(4) ? '' : '\n'}`;
  }

  comment(column: number, path: string): string[] {
    if (this.chance(5)) return [`${' '.repeat(column)}# in ${path}.`];
    return this.chance(9) ? [''] : [];
  }

  trailing(path: string): string {
    return this.chance(5) ? `   # at ${path}.` : '';
  }

  scalar(value: unknown): string {
    if (typeof value !== 'string') return String(value);
    if (/^[\w./]+$/.test(value) && !/^(\d+|null)$/.test(value) && !this.chance(3)) return value;
    return this.chance(2) && !value.includes("'") ? `'${value}'` : JSON.stringify(value);
  }

  flow(value: unknown): string {
    const space = this.chance(2) ? ' ' : '';
    if (Array.isArray(value)) {
      return `[${value.map((each) => this.flow(each)).join(`,${this.chance(3) ? '  ' : ' '}`)}]`;
    }
    if (!isTree(value)) return this.scalar(value);
    const entries = Object.entries(value).map(([key, each]) => `${key}: ${this.flow(each)}`);
    return `{${space}${entries.join(', ')}${space}}`;
  }

  map(tree: Tree, column: number, path: string, step: number): string[] {
    const pad = ' '.repeat(column);
    return Object.entries(tree).flatMap(([key, value]) => {
      const here = path === '' ? key : `${path}.${key}`;
      const above = this.comment(column, path);
      const isBlock = typeof value === 'object' && Object.keys(value as Tree).length > 0;
      if (!isBlock || this.chance(4)) {
        return [...above, `${pad}${key}: ${this.flow(value)}${this.trailing(here)}`];
      }
      const head = `${pad}${key}:${this.trailing(here)}`;
      const inner = Array.isArray(value)
        ? this.list(value, column + (this.chance(2) ? step : 0), here, step)
        : this.map(value as Tree, column + step, here, step);
      return [...above, head, ...inner, ...this.comment(column, path)];
    });
  }

  list(items: readonly unknown[], column: number, path: string, step: number): string[] {
    const pad = ' '.repeat(column);
    return items.flatMap((item) => {
      const above = this.comment(column, path);
      const here = isTree(item) ? `${path}.${item.name}` : path;
      if (!isTree(item) || this.chance(3)) {
        return [...above, `${pad}- ${this.flow(item)}${this.trailing(here)}`];
      }
      const { name, ...rest } = item;
      const shuffled = this.chance(4) ? { ...rest, name } : { name, ...rest };
      const lines = this.map(shuffled, column + 2, here, step);
      const first = lines.findIndex(
        (line) => line.trim() !== '' && !line.trimStart().startsWith('#'),
      );
      const moved = lines.slice(0, first).map((line) => line.slice(2));
      return [
        ...above,
        ...moved.map((line) => line.replace(/# in .*/, `# in ${path}.`)),
        `${pad}- ${(lines[first] as string).trimStart()}`,
        ...lines.slice(first + 1),
      ];
    });
  }
}

function config(yaml: string): Config {
  const loaded = loadConfig([balancer], { file: { name: 'f', text: yaml }, readFile: () => '' });
  assert.ok(loaded.ok, loaded.ok ? '' : `${loaded.problems.map(problemText).join('\n')}\n${yaml}`);
  return loaded.config;
}

/** All values, secrets revealed. */
function values(of: Config): unknown {
  return JSON.parse(
    JSON.stringify(of.of(balancer), (_, value) =>
      typeof value?.reveal === 'function' ? value.reveal() : value,
    ).replaceAll('[secret]', ''),
  );
}

/** Paths at or below which a patch removes or replaces what the file has. */
function replaced(patch: unknown, path = ''): string[] {
  if (!isTree(patch)) return [path];
  return Object.entries(patch).flatMap(([key, value]) =>
    replaced(value, path === '' ? key : `${path}.${key}`),
  );
}

/** Comments in their order, without those that may go. */
function comments(yaml: string, gone: readonly string[]): string[] {
  return [...yaml.matchAll(/# (in|at) ([\w.]*)\.$/gm)]
    .filter(([, , path = '']) => !gone.some((each) => `${path}.`.startsWith(`${each}.`)))
    .map(([comment]) => comment);
}

const dice = fc.array(fc.nat(1000), { minLength: 97, maxLength: 97 });

test('a patched file says what RFC 7396 wants, keeps its comments, and is not changed by the same again', () => {
  fc.assert(
    fc.property(document, patchOf, dice, (before, patch, rolls) => {
      const yaml = new Writer(rolls).file(listed(before));
      const plan = (text: string) => {
        const planned = planPatch([balancer], patch, namesIn(balancer, config(text).of(balancer)));
        assert.ok(planned.ok);
        return planned.plan.edit;
      };
      const changed = editYaml(yaml, plan(yaml), 'f');
      assert.ok(changed.ok, changed.ok ? '' : `${changed.why}\n${yaml}`);
      const wanted = JSON.stringify(listed(merged(before, patch) as Tree));
      assert.deepEqual(values(config(changed.text)), values(config(wanted)));
      const gone = replaced(patch);
      assert.deepEqual(comments(changed.text, gone), comments(yaml, gone));
      const again = editYaml(changed.text, plan(changed.text), 'f');
      assert.deepEqual(again, changed);
    }),
    { numRuns: 150 },
  );
});

test('canary: the comments of a generated file are seen', () => {
  const [yaml = ''] = fc.sample(
    fc
      .tuple(document, dice)
      .map(([tree, rolls]) => new Writer([0, ...rolls]).file(listed(tree as Tree))),
    { numRuns: 1, seed: 7 },
  );
  const seen = comments(yaml, []);
  assert.ok(seen.length > 0, yaml);
  assert.notDeepEqual(comments(yaml.replace(/# in.*/, ''), []), seen);
});

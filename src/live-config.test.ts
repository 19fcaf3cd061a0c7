import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  applyConfig,
  type Config,
  type ConfigFile,
  type ConfigSource,
  duration,
  integer,
  list,
  loadConfig,
  loadFrom,
  records,
  required,
  secret,
  section,
  text,
} from './core/config/index.ts';
import { silentLogger } from './core/observe/index.ts';
import { createSimClock, createSimRandom, SimDisk } from './core/runtime/sim/index.ts';
import { readFileWhole, writeFileAtomic } from './core/store/index.ts';
import { createLiveConfig } from './live-config.ts';

const about = 'x';
const lb = section('lb', 'x', {
  idleMs: duration({ default: 0, about, reloadable: true }),
  fixed: integer({ default: 0, about }),
  pools: records(
    'x',
    {
      weight: integer({ default: 1, max: 9, about, reloadable: true }),
      hosts: list(text({ default: '', about }), { default: [], about, reloadable: true }),
      key: required(text({ default: undefined, about, reloadable: true })),
      password: secret({ about, reloadable: true }),
    },
    { one: 'pool', max: 6, reloadable: true },
  ),
});
const sections = [lb];
const PATH = '/etc/plinth.yaml';
const START = `# Ours.
lb:
  idle: 1s   # short
  pools:
    # the first
    - name: a
      key: k   # its key
    - { name: b, key: k, weight: 3 }
`;

interface World {
  readonly disk: SimDisk;
  readonly live: ReturnType<typeof createLiveConfig>;
  readonly steps: string[];
  /** What the running system was given last. */
  readonly inForce: () => unknown;
  /** The system refuses the next change. */
  refuse: boolean;
  set: string[];
  fileText(): string | undefined;
  writeFile(text: string): void;
  bothSame(): void;
}

/** A process with one system, its file on a simulated disk. */
function world(startText: string | null = START): World {
  const disk = new SimDisk(createSimClock(), createSimRandom(1));
  disk.mkdirSync('/etc');
  const steps: string[] = [];
  const fileText = (): string | undefined => readFileWhole(disk, PATH)?.toString();
  const writeFile = (given: string): void => writeFileAtomic(disk, PATH, Buffer.from(given));
  if (startText !== null) writeFile(startText);
  const source: ConfigSource = {
    read: () => {
      const now = fileText();
      return { ok: true, file: now === undefined ? undefined : { name: PATH, text: now } };
    },
    load: (file?: ConfigFile) =>
      loadConfig(sections, {
        ...(file && { file }),
        set: made.set,
        readFile: () => 'from file',
      }),
  };
  let inForce: unknown;
  const made = { set: [] as string[], refuse: false };
  const first = loadFrom(source);
  assert.ok(first.ok);
  inForce = first.config.of(lb);
  const live = createLiveConfig({
    sections,
    source,
    config: first.config,
    file: startText === null ? undefined : { name: PATH, text: startText },
    disk,
    log: silentLogger(),
    life: 'life',
    apply: (running, next, decide) =>
      applyConfig(
        sections,
        running,
        next,
        [
          {
            section: lb,
            prepare: async (values) => {
              // A turn passes, as it does where a listener is opened.
              await Promise.resolve();
              if (made.refuse) throw new Error('no port is free');
              steps.push('prepare');
              return {
                commit: () => {
                  steps.push('commit');
                  inForce = values;
                },
                abort: () => void steps.push('abort'),
              };
            },
          },
        ],
        decide,
      ),
  });
  live.open(true);
  const bothSame = (): void => {
    const loaded = loadFrom(source);
    assert.ok(loaded.ok);
    assert.equal(plain(loaded.config), JSON.stringify(revealed(inForce)));
    assert.equal(plain(live.running()), plain(loaded.config));
  };
  return Object.assign(made, {
    disk,
    live,
    steps,
    inForce: () => inForce,
    fileText,
    writeFile,
    bothSame,
  });
}

function plain(config: Config): string {
  return JSON.stringify(revealed(config.of(lb)));
}

function revealed(values: unknown): unknown {
  return JSON.parse(
    JSON.stringify(values, (_, value) =>
      typeof value?.reveal === 'function' ? value.reveal() : value,
    ),
  );
}

const always = (): boolean => true;

test('a change is in the process and in the file, which keeps all else; reloading changes nothing', async () => {
  const { live, fileText, bothSame, steps } = world();
  const before = live.etag();
  const outcome = await live.patch(
    { lb: { idle: '2s', pools: { a: { weight: 2 }, b: null, c: { key: 'x', password: 'hush' } } } },
    always,
  );
  assert.ok(outcome.ok);
  assert.deepEqual(
    outcome.applied.map(({ path }) => path),
    ['lb.idle', 'lb.pools.b', 'lb.pools.c', 'lb.pools.a.weight'],
  );
  assert.deepEqual([outcome.saved, outcome.file, outcome.needRestart], [true, PATH, []]);
  assert.doesNotMatch(JSON.stringify(outcome), /hush/);
  assert.notEqual(outcome.etag, before);
  assert.equal(
    fileText(),
    `# Ours.
lb:
  idle: 2s   # short
  pools:
    # the first
    - name: a
      key: k   # its key
      weight: 2
    - name: c
      key: x
      password: hush
`,
  );
  bothSame();
  const reloaded = await live.reload();
  assert.ok(reloaded.ok);
  assert.deepEqual([reloaded.applied, reloaded.needRestart], [[], []]);
  assert.equal(live.etag(), outcome.etag);
  assert.deepEqual(steps, ['prepare', 'commit']);
});

test('what needs a restart is in the file and told until it is taken back', async () => {
  const { live, fileText } = world();
  const first = await live.patch({ lb: { fixed: 3 } }, always);
  assert.ok(first.ok);
  assert.deepEqual(first.applied, []);
  assert.deepEqual(first.needRestart, [{ path: 'lb.fixed', from: 0, to: 3 }]);
  assert.match(fileText() ?? '', /^ {2}fixed: 3$/m);
  assert.equal(live.running().of(lb).fixed, 0);
  assert.equal(live.document().lb?.fixed, 3);
  const second = await live.patch({ lb: { idle: '3s' } }, always);
  assert.ok(second.ok);
  assert.equal(second.needRestart.length, 1);
  assert.equal(live.settings().needRestart.length, 1);
  const third = await live.patch({ lb: { fixed: null } }, always);
  assert.ok(third.ok);
  assert.deepEqual(third.needRestart, []);
});

/** Runs a patch that must fail, and holds that nothing is another than before. */
async function failing(
  the: World,
  patch: unknown,
  isMeant: (etag: string) => boolean = always,
): Promise<{ reason: string; detail: string; problems: readonly (string | undefined)[] }> {
  const before = [the.fileText(), plain(the.live.running()), the.live.etag(), the.inForce()];
  const names = the.disk.listSync('/etc');
  const outcome = await the.live.patch(patch, isMeant);
  assert.equal(outcome.ok, false);
  assert.deepEqual(
    [the.fileText(), plain(the.live.running()), the.live.etag(), the.inForce()],
    before,
  );
  assert.deepEqual(the.disk.listSync('/etc'), names);
  assert.ok(!outcome.ok);
  const { reason, detail, problems } = outcome;
  return { reason, detail, problems: problems.map(({ path }) => path) };
}

test('a patch that is wrong, stale or refused changes nothing', async () => {
  const the = world();
  const wrong = await failing(the, { lb: { idle: '1', pools: { c: {}, a: { weight: 99 } } } });
  assert.equal(wrong.reason, 'wrong-settings');
  assert.deepEqual(wrong.problems.toSorted(), ['lb.idle', 'lb.pools.a.weight', 'lb.pools.c.key']);
  assert.deepEqual(await failing(the, { lb: { idel: 1 }, x: 1 }), {
    reason: 'wrong-settings',
    detail: 'the patch does not fit the settings',
    problems: ['lb.idel', 'x'],
  });
  assert.equal((await failing(the, { lb: { idle: '2s' } }, () => false)).reason, 'stale');
  the.refuse = true;
  assert.deepEqual(await failing(the, { lb: { idle: '2s' } }), {
    reason: 'refused',
    detail: 'lb refuses the change: no port is free',
    problems: [],
  });
  the.live.open(false);
  assert.equal((await failing(the, {})).reason, 'not-open');
});

test('a file that another changed is not overwritten; after a reload the patch is taken', async () => {
  const the = world();
  const edited = `${START}# by hand\n`;
  the.writeFile(edited);
  assert.deepEqual(await failing(the, { lb: { idle: '2s' } }), {
    reason: 'file-changed',
    detail: `${PATH} is not what it was when it was last read; send SIGHUP to the process first`,
    problems: [],
  });
  assert.ok((await the.live.reload()).ok);
  assert.ok((await the.live.patch({ lb: { idle: '2s' } }, always)).ok);
  assert.equal(the.fileText(), edited.replace('idle: 1s', 'idle: 2s'));
  the.disk.unlinkSync(PATH);
  assert.equal((await failing(the, { lb: { idle: '4s' } })).reason, 'file-changed');
});

test('a setting that is given outside the file is not changed in it', async () => {
  const the = world();
  the.set = ['lb.idle=9s', 'lb.pools.a.weight=5'];
  assert.ok((await the.live.reload()).ok);
  const refused = await failing(the, { lb: { idle: '2s', pools: { a: { weight: 2 } } } });
  assert.equal(refused.reason, 'overridden');
  assert.deepEqual(refused.problems, ['lb.idle', 'lb.pools.a.weight']);
  assert.equal((await failing(the, { lb: { idle: null } })).reason, 'overridden');
  assert.ok((await the.live.patch({ lb: { pools: { a: { key: 'z' } } } }, always)).ok);
});

test('a form that cannot be edited is refused with the advice to edit by hand', async () => {
  const the = world('lb: {\n  idle: 1s, # why\n  fixed: 1\n}\n');
  const refused = await failing(the, { lb: { idle: null } });
  assert.equal(refused.reason, 'file-form');
  assert.match(refused.detail, /comments between brackets.*change it by hand and send SIGHUP$/);
});

test('without a file changes live in memory, also past a reload, until there is a file', async () => {
  const { live, disk, bothSame, writeFile, inForce } = world(null);
  const outcome = await live.patch({ lb: { idle: '2s', pools: { a: { key: 'k' } } } }, always);
  assert.ok(outcome.ok);
  assert.equal(outcome.saved, false);
  assert.match(outcome.why ?? '', /no configuration file/);
  assert.deepEqual(disk.listSync('/etc'), []);
  const reloaded = await live.reload();
  assert.ok(reloaded.ok);
  assert.deepEqual(reloaded.applied, []);
  assert.ok((await live.patch({ lb: { pools: { b: { key: 'k' } } } }, always)).ok);
  assert.equal((inForce() as { pools: unknown[] }).pools.length, 2);
  writeFile('lb: { idle: 7s }\n');
  assert.equal((await live.patch({ lb: { idle: '3s' } }, always)).ok, false);
  assert.ok((await live.reload()).ok);
  bothSame();
});

test('a disk that is full, or fails at any operation of the write, changes nothing or everything', async () => {
  const full = world();
  full.disk.capacityBytes = START.length + 20;
  const refused = await failing(full, { lb: { pools: { c: { key: 'x'.repeat(500) } } } });
  assert.equal(refused.reason, 'unsaved');
  assert.equal(refused.detail, `${PATH} cannot be written (ENOSPC); nothing has changed`);
  assert.deepEqual(full.steps, []);
  full.disk.heal();
  assert.ok((await full.live.patch({ lb: { idle: '2s' } }, always)).ok);
  full.bothSame();

  const kinds = ['open', 'truncate', 'write', 'datasync', 'rename', 'syncDirectory'] as const;
  for (const kind of kinds) {
    const the = world();
    // The file is opened and read first; that is not what is to fail.
    if (kind === 'open') the.disk.failAt(the.disk.operations + 3, 'EIO');
    else the.disk.failAll(kind, 'EIO');
    if (kind === 'syncDirectory') {
      // The name is new already, so the change is made.
      assert.ok((await the.live.patch({ lb: { idle: '2s' } }, always)).ok);
      the.disk.heal();
      the.bothSame();
      continue;
    }
    const before = plain(the.live.running());
    const outcome = await the.live.patch({ lb: { idle: '2s' } }, always);
    assert.equal(outcome.ok ? '' : outcome.reason, 'unsaved', kind);
    the.disk.heal();
    assert.equal(the.fileText(), START, kind);
    assert.equal(plain(the.live.running()), before);
    assert.equal(the.steps.includes('commit'), false);
    if (kind === 'rename') assert.deepEqual(the.steps, ['prepare', 'abort']);
    assert.ok((await the.live.patch({ lb: { idle: '2s' } }, always)).ok);
    the.bothSame();
  }
});

test('a loss of power at any operation leaves the file before the change or after it', async () => {
  const seen = new Set<string>();
  const after = START.replace('1s', '2s');
  for (let cut = 1, died = true; died; cut++) {
    const { disk, live, fileText } = world();
    disk.losePowerAt(disk.operations + cut);
    await live.patch({ lb: { idle: '2s' } }, always).catch(() => {});
    died = disk.dead;
    await disk.reboot();
    const content = fileText() ?? '';
    assert.ok(content === START || content === after, content);
    seen.add(content);
  }
  assert.equal(seen.size, 2);
});

test('patches at one time come one after the other; of those with one condition one wins', async () => {
  const { live, bothSame, inForce } = world();
  const names = ['c', 'd', 'e', 'f'];
  const outcomes = await Promise.all(
    names.map((name) => live.patch({ lb: { pools: { [name]: { key: name } } } }, always)),
  );
  assert.ok(outcomes.every(({ ok }) => ok));
  assert.equal(new Set(outcomes.map(({ etag }) => etag)).size, 4);
  assert.deepEqual(
    (inForce() as { pools: { name: string }[] }).pools.map(({ name }) => name),
    ['a', 'b', ...names],
  );
  bothSame();
  const etag = live.etag();
  const races = await Promise.all(
    [1, 2, 3].map((weight) =>
      live.patch({ lb: { pools: { a: { weight } } } }, (now) => now === etag),
    ),
  );
  assert.deepEqual(
    races.map((each) => (each.ok ? 'made' : each.reason)),
    // The first says what is there already, so it changes nothing and the second is meant still.
    ['made', 'stale', 'stale'],
  );
  bothSame();
});

const pool = fc.record(
  {
    weight: fc.option(fc.nat(11), { nil: null, freq: 5 }),
    hosts: fc.array(fc.constantFrom('a', 'b: c', '7'), { maxLength: 3 }),
    key: fc.constantFrom('k', '', 'null'),
    password: fc.constantFrom('[secret]', 'p w', null),
  },
  { requiredKeys: [] },
);
const patches = fc.array(
  fc.record({
    lb: fc.record(
      {
        idle: fc.constantFrom('1s', '2s', 'x', null),
        fixed: fc.nat(3),
        pools: fc.oneof(
          fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.option(pool, { nil: null })),
          fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 }),
        ),
      },
      { requiredKeys: [] },
    ),
  }),
  { minLength: 1, maxLength: 6 },
);

test('any run of patches: each is made in process and file alike or in neither, comments stay', async () => {
  let made = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(patches, fc.infiniteStream(fc.nat(9)), async (all, dice) => {
      const the = world();
      for (const patch of all) {
        const before = [the.fileText(), plain(the.live.running()), the.live.etag()];
        const roll = dice.next().value ?? 0;
        the.refuse = roll === 0;
        if (roll === 1) the.disk.failAll('write', 'ENOSPC');
        const outcome = await the.live.patch(patch, always);
        the.refuse = false;
        the.disk.heal();
        if (outcome.ok) made++;
        else refused++;
        if (!outcome.ok) {
          assert.deepEqual([the.fileText(), plain(the.live.running()), the.live.etag()], before);
        }
        assert.match(the.fileText() ?? '', /^# Ours\.$/m);
        const { pools } = the.live.running().of(lb);
        assert.equal(pools.length, Object.keys(the.live.document().lb?.pools as object).length);
        const reloaded = await the.live.reload();
        assert.ok(reloaded.ok);
        assert.deepEqual(reloaded.applied, []);
      }
    }),
    { numRuns: 60 },
  );
  assert.ok(made > 0 && refused > 0);
});

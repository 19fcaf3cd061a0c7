/**
 * The Lua engine beside the real Lua 5.1: the case files, and random programs.
 *
 * The programs come from a seeded grammar; the seed is printed with a difference, and
 * `LUA_FUZZ_SEED=n LUA_FUZZ_ROUNDS=n` replays or extends. Without `lua5.1` on the path it skips.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { printed, REDIS_TOPICS, readCases, topics } from '../../src/kv/lua/cases.ts';
import { LuaProgram } from './lua-program.ts';

const installed = spawnSync('lua5.1', ['-v']).status === 0;
const skip = installed ? false : 'lua5.1 is not installed';
const SEED = Number(process.env.LUA_FUZZ_SEED ?? 1);
const ROUNDS = Number(process.env.LUA_FUZZ_ROUNDS ?? 12);
const PROGRAMS_A_ROUND = 40;

function reference(script: string): string {
  const { stdout, stderr, status } = spawnSync('lua5.1', ['-'], {
    input: Buffer.from(script, 'latin1'),
    timeout: 20_000,
    maxBuffer: 1 << 26,
  });
  assert.equal(status, 0, stderr.toString('latin1'));
  return stdout.toString('latin1');
}

/**
 * lua5.1 keeps the constants 0 and -0 of one function as one, whichever comes first; a random
 * program meets that, so the sign of zero does not count.
 */
function unsigned(output: string): string {
  return output.replace(/(?<![\w.])-0(?![\w.])/g, '0');
}

const random = {
  ours: (script: string): string => unsigned(printed(script, 'stdin')),
  theirs: (script: string): string => unsigned(reference(script)),
};

/** Runs each program by itself in one interpreter, errors printed. */
function batch(programs: string[]): string {
  return programs
    .map((program) => `print(pcall(assert(loadstring([==[${program}]==], "=p"))))\n`)
    .join('');
}

describe('lua5.1 as the reference', { skip }, () => {
  for (const topic of topics().filter((name) => !REDIS_TOPICS.includes(name))) {
    it(`prints what the case file says: ${topic}`, () => {
      for (const { name, script, prints } of readCases(topic)) {
        assert.equal(reference(script), prints, name);
      }
    });
  }

  it('prints the same for random programs', () => {
    for (let round = 0; round < ROUNDS; round++) {
      const seeds = Array.from(
        { length: PROGRAMS_A_ROUND },
        (_, i) => SEED * 1_000_000 + round * PROGRAMS_A_ROUND + i,
      );
      const programs = seeds.map((seed) => new LuaProgram(seed).text());
      const script = batch(programs);
      const expected = random.theirs(script);
      // A chunk that says `coroutine` is compiled to generators: the other half of the compiler.
      const stepwise = batch(programs.map((program) => `${program}--coroutine`));
      if (random.ours(script) === expected && random.ours(stepwise) === expected) continue;
      programs.forEach((program, i) => {
        const one = batch([program]);
        const steps = batch([`${program}--coroutine`]);
        assert.equal(random.ours(one), random.theirs(one), `seed ${seeds[i]}\n${program}`);
        assert.equal(random.ours(steps), random.theirs(one), `seed ${seeds[i]}, stepwise`);
      });
    }
  });
});

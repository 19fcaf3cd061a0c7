import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Args } from '../../core/wire/index.ts';
import { commandSpecs } from '../commands/index.ts';
import { createTestStore, type Reply } from '../testing/harness.ts';
import { commandKeys } from './keys.ts';
import { CommandTable } from './table.ts';

const table = new CommandTable(commandSpecs);

/** Keys of a request with the permissions they need: `key:rw`. */
function keysOf(line: string): string[] | undefined {
  const args = new Args().load(line.split(' '));
  const found = table.find(args)!;
  const { spec } = table.resolve(found, args) ?? found;
  return commandKeys(spec, args)?.map(({ index, reads, writes }) => {
    return `${args.text(index)}:${reads ? 'r' : ''}${writes ? 'w' : ''}`;
  });
}

test('keys are found where the row says, with what is done to them', () => {
  const cases: [string, string[] | undefined][] = [
    ['GET a', ['a:r']],
    ['STRLEN a', ['a:']],
    ['SET a 1', ['a:w']],
    ['SET a 1 GET', ['a:rw']],
    ['INCR a', ['a:rw']],
    ['MSET a 1 b 2', ['a:w', 'b:w']],
    ['MGET a b c', ['a:r', 'b:r', 'c:r']],
    ['GETDEL a', ['a:rw']],
    ['DEL a b', ['a:w', 'b:w']],
    ['SADD a 1', ['a:w']],
    ['BLPOP a b 0', ['a:rw', 'b:rw']],
    ['LMOVE a b LEFT RIGHT', ['a:rw', 'b:w']],
    ['SINTERCARD 2 a b', ['a:r', 'b:r']],
    ['SINTERCARD 3 a b', undefined],
    ['SINTERSTORE d a b', ['d:w', 'a:r', 'b:r']],
    ['SORT a BY x* STORE d', ['a:r', 'd:w']],
    ['BITFIELD a GET u8 0', ['a:r']],
    ['BITFIELD a OVERFLOW SAT INCRBY u8 0 1', ['a:rw']],
    ['ZUNIONSTORE d 0 a', undefined],
    ['PING', []],
    ['SSUBSCRIBE c', []],
  ];
  for (const [line, keys] of cases) assert.deepEqual(keysOf(line), keys, line);
});

test('COMMAND INFO tells what has no order as sets', () => {
  const store = createTestStore();
  store.resp3 = true;
  const [[, , , , , , , tips, keySpecs, subcommands], none] = store.run(
    'COMMAND',
    'INFO',
    'dump',
    'nope',
  ) as [Reply[], Reply];
  assert.deepEqual(tips, { set: ['nondeterministic_output'] });
  assert.equal((keySpecs as { set: Reply[] }).set.length, 1);
  assert.deepEqual(subcommands, { set: [] });
  assert.equal(none, null);
});

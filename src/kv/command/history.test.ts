import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandSpecs } from '../commands/index.ts';
import { createTestStore, type Reply } from '../testing/harness.ts';
import { changesOf, replacedBy, systemCommands } from './history.ts';
import { CommandTable } from './table.ts';

test('only commands that are there have a history', () => {
  const table = new CommandTable(commandSpecs);
  const names = [...Object.keys(changesOf), ...Object.keys(replacedBy), ...systemCommands];
  assert.deepEqual(
    names.filter((name) => table.get(name) === undefined),
    [],
  );
});

test('COMMAND DOCS tells what changed, and what replaces an old command', () => {
  const store = createTestStore();
  const docs = (name: string): Map<string, Reply> => {
    const [, fields] = store.run('COMMAND', 'DOCS', name) as [string, Reply[]];
    return new Map(
      fields.flatMap((field, i) => (i % 2 === 0 ? [[field as string, fields[i + 1]]] : [])),
    );
  };
  assert.deepEqual(docs('bgsave').get('history'), [['3.2.2', 'Option `SCHEDULE`.']]);
  const getset = docs('getset');
  assert.deepEqual(
    [getset.get('doc_flags'), getset.get('deprecated_since'), getset.get('replaced_by')],
    [['deprecated'], '6.2.0', '`SET` with the `!GET` argument'],
  );
  assert.deepEqual(docs('replconf').get('doc_flags'), ['syscmd']);
  assert.deepEqual(docs('get').has('history'), false);
});

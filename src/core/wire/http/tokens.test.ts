import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FieldId } from './field-ids.ts';
import { Fields } from './fields.ts';
import { listHas, TokenList } from './tokens.ts';

function walk(text: string): { readonly met: string[]; readonly broken: boolean } {
  const list = new TokenList();
  const bytes = Buffer.from(`<${text}>`, 'latin1');
  list.openBytes(bytes, 1, bytes.length - 1);
  const met: string[] = [];
  while (list.next()) met.push(bytes.toString('latin1', list.start, list.start + list.length));
  return { met, broken: list.broken };
}

describe('TokenList', () => {
  const right: readonly (readonly [string, string[]])[] = [
    ['', []],
    ['a', ['a']],
    ['a,b', ['a', 'b']],
    [' a ,\tb\t, c ', ['a', 'b', 'c']],
    // RFC 9110 section 5.6.1.2: empty elements do not count.
    [',a,,b, ,', ['a', 'b']],
  ];
  for (const [text, elements] of right) {
    test(`walks ${JSON.stringify(text)}`, () => {
      assert.deepEqual(walk(text), { met: elements, broken: false });
    });
  }

  const wrong: readonly (readonly [string, string[]])[] = [
    ['a b', []],
    ['a;q=1', []],
    ['"a"', []],
    ['a,b c', ['a']],
    ['a,\x80', ['a']],
    ['a\0', []],
    [','.repeat(17), []],
  ];
  for (const [text, elements] of wrong) {
    test(`breaks at ${JSON.stringify(text)}`, () => {
      assert.deepEqual(walk(text), { met: elements, broken: true });
    });
  }
});

test('listHas looks at every line, without case', () => {
  const fields = new Fields();
  fields.addKnown(FieldId.te, 'gzip');
  fields.addKnown(FieldId.te, 'deflate, Trailers');
  assert.equal(listHas(fields, FieldId.te, Buffer.from('trailers')), true);
  assert.equal(listHas(fields, FieldId.te, Buffer.from('trailer')), false);
  assert.equal(listHas(fields, FieldId.via, Buffer.from('trailers')), false);
});

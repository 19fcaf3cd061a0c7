import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FieldId, fieldIdOf } from './field-ids.ts';
import { FIELD_STRIDE, Fields, fieldLinesOf, lowerName } from './fields.ts';

/** Fields as a parser leaves them: lines in one buffer. */
function parsed(list: readonly (readonly [string, string])[], before = 0): Fields {
  const fields = new Fields();
  fields.buf = Buffer.from(
    `${'!'.repeat(before)}${list.map(([name, value]) => `${name}: ${value}\r\n`).join('')}`,
    'latin1',
  );
  fields.lines = true;
  let at = before;
  for (const [name, value] of list) {
    const id = fieldIdOf(fields.buf, at, name.length);
    fields.push(at, name.length, at + name.length + 2, value.length, id);
    at += name.length + value.length + 4;
  }
  return fields;
}

function listed(fields: Fields): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i < fields.count; i += 1) {
    if (!fields.isRemoved(i)) list.push([fields.name(i), fields.value(i)]);
  }
  return list;
}

const name = fc.constantFrom('Host', 'X-A', 'x-a', 'Via', 'VIA', 'Cookie', 'X-Long-Unknown-Name');
const value = fc.string({
  unit: fc
    .integer({ min: 0x21, max: 0xff })
    .filter((c) => c !== 0x7f)
    .map((c) => String.fromCharCode(c)),
  maxLength: 60,
});
const ids = [FieldId.host, FieldId.via, FieldId.cookie, FieldId.xForwardedFor];
const wireNames: Record<number, string> = {
  [FieldId.host]: 'Host',
  [FieldId.via]: 'Via',
  [FieldId.cookie]: 'Cookie',
  [FieldId.xForwardedFor]: 'X-Forwarded-For',
};

type Edit = (fields: Fields, model: ([string, string] | null)[]) => void;
const isId = (each: [string, string] | null, id: number): boolean =>
  each !== null && each[0].toLowerCase() === wireNames[id]?.toLowerCase();

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(name, value, fc.boolean()).map(
    ([n, v, text]): Edit =>
      (fields, model) => {
        assert.equal(fields.add(Buffer.from(n), text ? v : Buffer.from(v, 'latin1')), true);
        model.push([n, v]);
      },
  ),
  fc.tuple(fc.constantFrom(...ids), fc.nat()).map(
    ([id, at]): Edit =>
      (fields, model) => {
        const each = model[at % Math.max(1, model.length)];
        if (each === undefined || each === null) return;
        const row = (at % model.length) * FIELD_STRIDE;
        fields.addCopy(id, fields.at[row + 2]!, fields.at[row + 3]!);
        model.push([wireNames[id]!, each[1]]);
      },
  ),
  fc.array(fc.tuple(fc.constantFrom(...ids), value), { maxLength: 4 }).map(
    (list): Edit =>
      (fields, model) => {
        assert.equal(fields.addLines(fieldLinesOf(list)), true);
        for (const [id, v] of list) model.push([wireNames[id]!, v]);
      },
  ),
  fc.nat().map(
    (at): Edit =>
      (fields, model) => {
        if (model.length === 0) return;
        fields.remove(at % model.length);
        model[at % model.length] = null;
      },
  ),
  fc.constantFrom(...ids).map(
    (id): Edit =>
      (fields, model) => {
        const there = model.filter((each) => isId(each, id)).length;
        assert.equal(fields.removeAll(id), there);
        model.forEach((each, i) => {
          if (isId(each, id)) model[i] = null;
        });
      },
  ),
  fc.tuple(fc.nat(), value).map(
    ([at, v]): Edit =>
      (fields, model) => {
        const each = model[at % Math.max(1, model.length)];
        if (each === undefined || each === null) return;
        fields.setValue(at % model.length, v);
        each[1] = v;
      },
  ),
  fc.tuple(fc.constantFrom(...ids), value).map(
    ([id, v]): Edit =>
      (fields, model) => {
        fields.set(id, v);
        const first = model.findIndex((each) => isId(each, id));
        model.forEach((each, i) => {
          if (i > first && isId(each, id)) model[i] = null;
        });
        if (first === -1) model.push([wireNames[id]!, v]);
        else (model[first] as [string, string])[1] = v;
      },
  ),
  fc.tuple(fc.constantFrom(...ids), value).map(
    ([id, v]): Edit =>
      (fields, model) => {
        fields.appendToList(id, v);
        const last = model.findLast((each) => isId(each, id));
        if (last === undefined || last === null) model.push([wireNames[id]!, v]);
        else last[1] = last[1] === '' ? v : `${last[1]}, ${v}`;
      },
  ),
  fc.constant<Edit>((fields) => {
    // Once only, as a head does: `buf` is its own afterwards.
    if (fields.buf[0] !== 0x21) return;
    const shared = fields.buf;
    fields.retain(5, shared.length);
    shared.fill(0);
  }),
);

describe('Fields', () => {
  test('are after any edits what a list of pairs is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, value), { maxLength: 12 }),
        fc.array(edit, { maxLength: 30 }),
        (list, edits) => {
          const fields = parsed(list, 5);
          const model = list.map(([n, v]): [string, string] | null => [n, v]);
          for (const each of edits) each(fields, model);
          assert.deepEqual(
            listed(fields),
            model.filter((each) => each !== null),
          );
          for (const id of ids) {
            const wanted = model.find((each) => isId(each, id));
            assert.equal(fields.get(id), wanted?.[1]);
            assert.equal(fields.has(id), wanted !== undefined);
          }
          const xa = model.findIndex((each) => each !== null && each[0].toLowerCase() === 'x-a');
          assert.equal(fields.findName(lowerName('X-A')), xa);
        },
      ),
    );
  });

  test('refuse what could begin another line or another field', () => {
    const fields = parsed([['Host', 'a']]);
    const bad = ['a\r\nb', 'a\nb', 'a\rb', 'a\0', '\x7f', ' a', 'a ', '\ta', 'a\u010ab', '\u2028'];
    for (const text of bad) {
      assert.equal(fields.addKnown(FieldId.via, text), false, JSON.stringify(text));
      assert.equal(fields.setValue(0, text), false);
      assert.equal(fields.appendToList(FieldId.host, text), false);
    }
    const made = fieldLinesOf([
      ...bad.map((text) => [FieldId.via, text] as const),
      [FieldId.cookie, 'b'],
    ]);
    assert.equal(made.bytes.toString(), 'Cookie: b\r\n');
    for (const bytes of ['a\r\nb', '\0', ' a']) {
      assert.equal(fields.addKnown(FieldId.via, Buffer.from(bytes)), false);
    }
    for (const odd of ['', 'a b', 'a:', 'a\r', 'ä'])
      assert.equal(fields.add(Buffer.from(odd), 'x'), false);
    assert.deepEqual(listed(fields), [['Host', 'a']]);
  });

  test('hold no more than the bound, and say so', () => {
    const fields = new Fields();
    const large = 'x'.repeat(100 * 1024);
    assert.equal(fields.addKnown(FieldId.cookie, large), true);
    assert.equal(fields.addKnown(FieldId.cookie, large), true);
    assert.equal(fields.addKnown(FieldId.cookie, large), false);
    assert.equal(fields.count, 2);
    fields.reset();
    assert.equal(fields.arena.length, 0);
    assert.equal(fields.addKnown(FieldId.cookie, large), true);
  });

  test('join the lines of a list', () => {
    const fields = parsed([
      ['Via', '1.1 a'],
      ['Host', 'h'],
      ['via', '1.0 b'],
    ]);
    assert.equal(fields.getList(FieldId.via), '1.1 a, 1.0 b');
    assert.equal(fields.getList(FieldId.cookie), undefined);
    assert.equal(fields.valueBytes(2).toString(), '1.0 b');
    assert.ok(fields.valueIs(1, Buffer.from('h')));
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandSpecs } from '../commands/index.ts';
import { type Argument, parseSyntax } from './syntax.ts';

/** The tree in one line: type of values, `+` for several, `[]` for optional ones. */
function shown(arg: Argument): string {
  const inner = (arg.arguments ?? []).map(shown);
  let text = `${arg.name}:${arg.type}`;
  if (arg.type === 'pure-token') text = arg.token ?? '';
  else if (arg.type === 'oneof') text = `<${inner.join('|')}>`;
  else if (arg.type === 'block') text = `(${inner.join(' ')})`;
  if (arg.token !== undefined && arg.type !== 'pure-token') text = `${arg.token}=${text}`;
  if (arg.multiple === true) text += arg.multipleToken === true ? '++' : '+';
  return arg.optional === true ? `[${text}]` : text;
}

const cases: readonly (readonly [syntax: string, tree: string])[] = [
  ['', ''],
  ['key', 'key:key'],
  ['key [key ...]', 'key:key+'],
  ['key field value [field value ...]', 'key:key (field:string value:string)+'],
  ['key [NX | XX] [GET]', 'key:key [<NX|XX>] [GET]'],
  [
    '[EX seconds | EXAT unix-time-seconds | KEEPTTL]',
    '[<EX=seconds:integer|EXAT=unix-time-seconds:unix-time|KEEPTTL>]',
  ],
  ['[LIMIT offset count]', '[LIMIT=(offset:integer count:integer)]'],
  ['[GET pattern [GET pattern ...]]', '[GET=pattern:pattern++]'],
  ['FIELDS numfields field [field ...]', 'FIELDS=(numfields:integer field:string+)'],
  ['STREAMS key [key ...] id [id ...]', 'STREAMS=(key:key+ id:string+)'],
  ['<BEFORE | AFTER> pivot', '<BEFORE|AFTER> pivot:string'],
  ['[OVERFLOW <WRAP|SAT>]', '[OVERFLOW=<WRAP|SAT>]'],
  ['host port | NO ONE', '<(host:string port:integer)|(NO ONE)>'],
  ['[COUNT count [ANY]]', '[(COUNT=count:integer [ANY])]'],
  ['numkeys [key [key ...]] [arg [arg ...]]', 'numkeys:integer [key:key+] [arg:string+]'],
];

for (const [syntax, tree] of cases) {
  test(`'${syntax}' is read as the arguments it means`, () => {
    assert.equal(parseSyntax(syntax).map(shown).join(' '), tree);
  });
}

test('brackets that do not match are refused', () => {
  for (const syntax of ['[a', 'a]', '<a]', '[a [b]']) {
    assert.throws(() => parseSyntax(syntax), SyntaxError);
  }
});

test('the syntax of every command can be read, and names a key where the command has one at 1', () => {
  for (const spec of commandSpecs.flatMap((each) => [each, ...(each.subcommands ?? [])])) {
    assert.doesNotThrow(() => parseSyntax(spec.syntax), spec.name);
  }
});

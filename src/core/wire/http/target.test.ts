import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readAuthority } from './authority.ts';
import { MethodId } from './methods.ts';
import { problems } from './problems.ts';
import { NO_PORT, RequestHead, TargetForm } from './request-head.ts';
import { readTarget, targetEndOf } from './target.ts';

function headOf(text: string, method: MethodId = MethodId.get): RequestHead {
  const head = new RequestHead();
  head.reset();
  head.fields.buf = Buffer.from(text, 'latin1');
  head.method = method;
  return head;
}

/** The head of a target, undefined when it is refused. */
function target(text: string, method: MethodId = MethodId.get): RequestHead | undefined {
  const head = headOf(text, method);
  const end = targetEndOf(head.fields.buf, 0, text.length);
  return end === text.length && readTarget(head, 0, end) === 0 ? head : undefined;
}

describe('readAuthority', () => {
  const right: readonly (readonly [string, string, number])[] = [
    ['a', 'a', NO_PORT],
    ['Example.COM:0', 'Example.COM', 0],
    ['a-b_c~d.e:65535', 'a-b_c~d.e', 65_535],
    ['127.0.0.1:80', '127.0.0.1', 80],
    ['[::]', '[::]', NO_PORT],
    ['[::1]:8080', '[::1]', 8080],
    ['[1:2:3:4:5:6:7:8]', '[1:2:3:4:5:6:7:8]', NO_PORT],
    ['[1::8]', '[1::8]', NO_PORT],
    ['[2001:DB8::]:1', '[2001:DB8::]', 1],
    ['[::ffff:1.2.3.4]', '[::ffff:1.2.3.4]', NO_PORT],
    ['[1:2:3:4:5:6:1.2.3.255]', '[1:2:3:4:5:6:1.2.3.255]', NO_PORT],
  ];
  for (const [text, host, port] of right) {
    test(`takes ${text}`, () => {
      const head = headOf(text);
      assert.equal(readAuthority(head, 0, text.length), 0);
      assert.equal(head.authority(), text);
      assert.equal(head.host(), host);
      assert.equal(head.port, port);
    });
  }

  const wrong = [
    ...[
      '',
      ':',
      ':80',
      'a:',
      'a:65536',
      'a:123456',
      'a:8x',
      'a:-1',
      'a b',
      'a,b',
      'a/b',
      'u@a',
      'a%41',
      'ä',
      '\0',
    ],
    ...[
      '[',
      '[]',
      '[::1',
      '::1',
      '[::1]x',
      '[::1]:',
      '[:1]',
      '[1:]',
      '[:::]',
      '[1::2::3]',
      '[12345::]',
    ],
    ...[
      '[1:2:3:4:5:6:7]',
      '[1:2:3:4:5:6:7:8:9]',
      '[1:2:3:4:5:6:7::8]',
      '[::g]',
      '[fe80::1%25eth0]',
      '[v1.a]',
    ],
    ...[
      '[::1.2.3]',
      '[::1.2.3.256]',
      '[::1.2.3.4.5]',
      '[::1.2.3.4:5]',
      '[1:2:3:4:5:6:7:1.2.3.4]',
      'a'.repeat(256),
    ],
  ];
  for (const text of wrong) {
    test(`refuses ${JSON.stringify(text.slice(0, 30))}`, () => {
      const head = headOf(text);
      assert.equal(readAuthority(head, 0, text.length), problems.badHost.code);
      assert.equal(head.authorityLength, 0);
    });
  }
});

describe('readTarget', () => {
  test('splits path and query (RFC 9112 section 3.2.1)', () => {
    const head = target('/a/b%20c?d=e?f/g') as RequestHead;
    assert.equal(head.form, TargetForm.origin);
    assert.deepEqual([head.path(), head.query(), head.hasQuery], ['/a/b%20c', 'd=e?f/g', true]);
    const bare = target('/a?') as RequestHead;
    assert.deepEqual([bare.path(), bare.query(), bare.hasQuery], ['/a', '', true]);
    assert.equal((target('/a') as RequestHead).hasQuery, false);
    assert.equal((target('//a//b') as RequestHead).path(), '//a//b');
  });

  test('takes authority and path of an absolute target (section 3.2.2)', () => {
    const head = target('HtTpS://[::1]:81/x?y') as RequestHead;
    assert.equal(head.form, TargetForm.absolute);
    assert.deepEqual([head.secure, head.host(), head.port], [true, '[::1]', 81]);
    assert.deepEqual([head.path(), head.query()], ['/x', 'y']);
    const bare = target('http://a?y') as RequestHead;
    assert.deepEqual(
      [bare.secure, bare.authority(), bare.path(), bare.query()],
      [false, 'a', '/', 'y'],
    );
    assert.equal((target('http://a') as RequestHead).path(), '/');
  });

  test('takes host and port for CONNECT only, and always both (section 3.2.3)', () => {
    const head = target('a.b:443', MethodId.connect) as RequestHead;
    assert.deepEqual(
      [head.form, head.authority(), head.port, head.path()],
      [TargetForm.authority, 'a.b:443', 443, ''],
    );
    for (const text of ['a.b', '/x', 'http://a:80', '*'])
      assert.equal(target(text, MethodId.connect), undefined);
    assert.equal(target('a.b:443'), undefined);
  });

  test('takes * for OPTIONS only (section 3.2.4)', () => {
    assert.equal((target('*', MethodId.options) as RequestHead).form, TargetForm.asterisk);
    assert.equal(target('*'), undefined);
    assert.equal(target('*/', MethodId.options), undefined);
  });

  const wrong = [
    ...[
      '',
      'a',
      'a/b',
      '?a',
      'ftp://a/',
      'http:/a',
      'http//a',
      'http:',
      'http',
      'https',
      'http://',
      'http:///x',
    ],
    ...['http://u@a/', 'http://u:p@a/', 'http://a:b/', 'http://a b/', 'httpx://a/'],
    ...['/a#b', '/a b', '/a\tb', '/a\0', '/\x7f', '/\x80', '/"', '/<', '/>', '/\\a', '/a?#'],
  ];
  for (const text of wrong) {
    test(`refuses ${JSON.stringify(text)}`, () => assert.equal(target(text), undefined));
  }

  test('takes what browsers do not encode', () => {
    for (const text of ['/[a]|{b}^`', '/?a=\\b', "/a'b", '/a;b=c,d', '/%zz']) {
      assert.equal(target(text)?.target(), text);
    }
  });
});

describe('setOrigin', () => {
  test('gives the next server another path and query', () => {
    const head = target('/old?x') as RequestHead;
    assert.equal(head.setOrigin(Buffer.from('/new/path?y=1')), true);
    assert.deepEqual([head.path(), head.query(), head.target()], ['/new/path', 'y=1', '/old?x']);
    head.end = 6;
    head.retain();
    assert.deepEqual([head.path(), head.query(), head.target()], ['/new/path', 'y=1', '/old?x']);
    assert.equal(head.setOrigin(Buffer.from('/z')), true);
    assert.deepEqual([head.path(), head.hasQuery, head.query()], ['/z', false, '']);
  });
});

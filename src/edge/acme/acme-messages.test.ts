import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as x509 from '@peculiar/x509';
import { problemOf, refusalOf, renewalIdOf, windowOf, wordsOf } from './acme-messages.ts';
import { retryAfterMsOf } from './directory-http.ts';
import { signedPair } from './testing/fake-authority.ts';

const now = Date.UTC(2026, 0, 1);
const refusal = (status: number, data: unknown, headers: Record<string, string> = {}) =>
  refusalOf({ status, headers, data }, now);
const prefix = 'urn:ietf:params:acme:error:';

test('a refusal: what kind it is, in the words of the authority, with those about each name', () => {
  const error = refusal(403, {
    type: `${prefix}rejectedIdentifier`,
    detail: 'some names are not for us',
    subproblems: [
      { type: `${prefix}caa`, detail: 'forbidden', identifier: { type: 'dns', value: 'a.org' } },
      'nonsense',
    ],
  });
  assert.equal(error.code, 'refused');
  assert.equal(error.problem, 'rejectedIdentifier');
  assert.match(
    error.message,
    /rejectedIdentifier; some names are not for us; a\.org: caa; forbidden$/,
  );
  assert.match(refusal(500, '<html>').message, /status 500$/);
  assert.equal(wordsOf({ detail: 5 }), '');
  assert.equal(problemOf({ type: 'about:blank' }), 'about:blank');
});

test('too much asked: by status or by type, with the time to wait', () => {
  for (const error of [
    refusal(429, { type: `${prefix}rateLimited` }, { 'retry-after': '120' }),
    refusal(503, 'later', { 'retry-after': '120' }),
    refusal(400, { type: `${prefix}rateLimited` }, { 'retry-after': '120' }),
  ]) {
    assert.equal(error.code, 'rate-limited');
    assert.equal(error.retryAfterMs, 120_000);
  }
  assert.equal(refusal(429, {}).retryAfterMs, undefined);
});

test('Retry-After: seconds or a date, nothing else', () => {
  assert.equal(retryAfterMsOf('7', now), 7000);
  assert.equal(retryAfterMsOf('Thu, 01 Jan 2026 00:01:00 GMT', now), 60_000);
  assert.equal(retryAfterMsOf('Wed, 31 Dec 2025 00:01:00 GMT', now), 0);
  for (const odd of [undefined, '', 'soon', '-5x'])
    assert.equal(retryAfterMsOf(odd, now), undefined);
});

test('how a certificate is named in renewal information: the example of RFC 9773 section 4.1', async () => {
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
  ]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '0087654321',
    name: 'CN=Example',
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    keys,
    extensions: [
      new x509.AuthorityKeyIdentifierExtension('69885b6b87464041e1b37b847ba0ae2cde01c8d4'),
    ],
  });
  assert.equal(renewalIdOf(certificate.toString('pem')), 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
  const { chain } = await signedPair(['a.org'], now, now + 1000);
  assert.match(renewalIdOf(chain) ?? '', /^[\w-]{27}\.[\w-]+$/);
});

test('a certificate that does not say who has signed it has no such name', async () => {
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
  ]);
  const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...{ serialNumber: '05', name: 'CN=Example', signingAlgorithm, keys },
  });
  assert.equal(renewalIdOf(certificate.toString('pem')), undefined);
});

test('renewal information: a window that is one, asked for again in bounds', () => {
  const read = (data: unknown, retryAfter?: string) =>
    windowOf({ status: 200, headers: { 'retry-after': retryAfter }, data }, now);
  const suggestedWindow = { start: '2026-02-01T00:00:00Z', end: '2026-02-03T00:00:00Z' };
  const window = read({ suggestedWindow }, '21600');
  assert.deepEqual(window, {
    startMs: Date.UTC(2026, 1, 1),
    endMs: Date.UTC(2026, 1, 3),
    askAgainMs: 21_600_000,
  });
  assert.equal(read({ suggestedWindow }, '1')?.askAgainMs, 60_000);
  assert.equal(read({ suggestedWindow }, '99999999')?.askAgainMs, 86_400_000);
  for (const odd of [
    {},
    'text',
    { suggestedWindow: { start: 'x', end: 'y' } },
    { suggestedWindow: { start: suggestedWindow.end, end: suggestedWindow.start } },
  ]) {
    assert.equal(read(odd), undefined);
  }
});

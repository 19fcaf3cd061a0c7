import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

const report = `
  import { probe } from '${import.meta.resolve('./transport-probe.ts')}';
  console.log((await probe()).tier);
`;

/** The tier a fresh process chooses after `prelude` has changed its Node. */
function tierAfter(prelude: string): string {
  const given = ['--input-type=module', '-e', `${prelude}\n${report}`];
  return execFileSync(process.execPath, given, { encoding: 'utf8' }).trim();
}

test('probe on this Node: the handle', () => {
  assert.equal(tierAfter(''), 'handle');
});

test('probe, the binding is not given away: onread', () => {
  assert.equal(tierAfter('process.binding = () => { throw new Error("removed"); };'), 'onread');
  assert.equal(tierAfter('delete process.binding;'), 'onread');
});

test('probe, Node calls the handle otherwise: onread, without trying', () => {
  // As older Node does: a request object comes first.
  const otherwise = `
    const { TCP } = process.binding('tcp_wrap');
    const real = TCP.prototype.writeBuffer;
    const { Socket } = await import('node:net');
    Socket.prototype._writeGeneric = function (_writev, data, _encoding, done) {
      for (const one of [data].flat()) this._handle.writeBuffer({}, Buffer.from(one.chunk ?? one));
      done();
    };
    TCP.prototype.writeBuffer = function (request, data) { return real.call(this, null, data); };
  `;
  assert.equal(tierAfter(otherwise), 'onread');
});

test('probe, accepted handles cannot be had: streams', () => {
  const hidden = `
    const { Server } = await import('node:net');
    const real = Server.prototype.listen;
    Server.prototype.listen = function (...given) {
      this.once('listening', () => { this._handle.onconnection = undefined; });
      return real.apply(this, given);
    };
  `;
  assert.equal(tierAfter(hidden), 'streams');
});

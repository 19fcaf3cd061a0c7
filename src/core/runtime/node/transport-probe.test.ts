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

/** What a fresh process finds out about dialling and TLS after `prelude` has changed its Node. */
function besideAfter(prelude: string): string {
  const asked = `
    import { createNodeTransport } from '${import.meta.resolve('./transport.ts')}';
    const transport = await createNodeTransport();
    await transport.prepareTls();
    const { tier, dialNative, tlsNative } = transport;
    console.log(tier, dialNative !== undefined, tlsNative !== undefined);
  `;
  const given = ['--input-type=module', '-e', `${prelude}\n${asked}`];
  return execFileSync(process.execPath, given, { encoding: 'utf8' }).trim();
}

test('probe on this Node: the handle dials, and TLS goes past its stream', () => {
  assert.equal(besideAfter(''), 'handle true true');
});

test('probe, no handle to dial with is given away: dialled streams are sockets, the tier stays', () => {
  const withheld = `
    const real = process.binding;
    process.binding = (name) => { if (name === 'pipe_wrap') throw new Error('removed'); return real(name); };
  `;
  assert.equal(besideAfter(withheld), 'handle false true');
});

test('probe, the TLS wrap is otherwise: TLS goes over its stream', () => {
  const otherwise = `
    const tls = await import('node:tls');
    const real = tls.Server.prototype.emit;
    tls.Server.prototype.emit = function (name, socket) {
      if (name === 'secureConnection') socket._handle.owner = socket;
      return real.apply(this, arguments);
    };
  `;
  assert.equal(besideAfter(otherwise), 'handle true false');
});

/** A name server without sockets: datagrams go in and come out, time stands until a test moves it. */
import packet from 'dns-packet';
import { silentLogger } from '../../../core/observe/index.ts';
import type { DatagramOptions, DatagramSocket, Network } from '../../../core/runtime/index.ts';
import { createSimClock, createSimRandom, type SimClock } from '../../../core/runtime/sim/index.ts';
import type { Pop } from '../../pop.ts';
import type { DnsSettings } from '../dns-fields.ts';
import { DnsServer } from '../server.ts';
import { cities, exampleGeo, TestHealth } from './server.ts';

export interface Asker {
  readonly server: DnsServer;
  readonly health: TestHealth;
  readonly clock: SimClock;
  pops: readonly Pop[];
  /** What comes back for these bytes; null: nothing. */
  send(bytes: Buffer, from?: string): Buffer | null;
  ask(name: string, type?: string, how?: AskOptions): packet.DecodedPacket;
}

export interface AskOptions {
  readonly from?: string;
  /** `198.51.100.0/24` */
  readonly subnet?: string;
  readonly cookie?: Buffer;
  readonly udpBytes?: number;
}

export async function startAsker(settings: DnsSettings, secret = 'shared'): Promise<Asker> {
  const health = new TestHealth();
  const clock = createSimClock();
  let options: DatagramOptions | undefined;
  let answer: Buffer | null = null;
  const socket: DatagramSocket = {
    ...{ address: '127.0.0.1', port: 53, dropped: 0, waitingCount: 0, waitingBytes: 0 },
    send(bytes) {
      answer = bytes;
      return true;
    },
    close: async () => {},
  };
  const network: Network = {
    tier: 'streams',
    bindUdp: async (given) => {
      options = given;
      return socket;
    },
    listen: async () => ({
      ...{ port: 53, name: 'none', handshaking: 0 },
      setKeepAlive: () => {},
      updateTls: () => {},
      close: async () => {},
    }),
    dial: () => ({ cancel: () => {} }),
    tlsClient: () => {
      throw new Error('names are not asked for by TLS');
    },
  };
  const state: { pops: readonly Pop[] } = { pops: cities };
  const server = new DnsServer(settings, {
    ...{ network, clock, health, secret },
    random: createSimRandom(7),
    log: silentLogger(),
    geo: exampleGeo(),
    pops: () => state.pops,
  });
  await server.start();
  const send = (bytes: Buffer, from = '192.0.2.200'): Buffer | null => {
    answer = null;
    options?.onMessage(bytes, from, 5300);
    return answer;
  };
  const ask = (name: string, type = 'A', how: AskOptions = {}): packet.DecodedPacket => {
    const bytes = send(makeQuery(name, type, how), how.from);
    if (bytes === null) throw new Error(`no answer for ${name}`);
    return packet.decode(bytes);
  };
  return Object.assign(state, { server, health, clock, send, ask });
}

/** A query with EDNS. */
export function makeQuery(name: string, type = 'A', how: AskOptions = {}): Buffer {
  const options: packet.PacketOpt[] = [];
  if (how.subnet !== undefined) {
    const [ip, bits] = how.subnet.split('/') as [string, string];
    const family = ip.includes(':') ? 2 : 1;
    options.push({ code: 8, family, sourcePrefixLength: Number(bits), ip } as packet.PacketOpt);
  }
  if (how.cookie !== undefined)
    options.push({ code: 10, data: how.cookie } as unknown as packet.PacketOpt);
  const opt = { type: 'OPT', name: '.', udpPayloadSize: how.udpBytes ?? 1232, flags: 0, options };
  return packet.encode({
    type: 'query',
    id: 4711,
    questions: [{ type: type as packet.RecordType, name, class: 'IN' }],
    additionals: [opt as packet.OptAnswer],
  });
}

/** The data of the answers, as text. */
export function dataOf(message: packet.DecodedPacket): string[] {
  return (message.answers ?? []).map((each) => ('data' in each ? String(each.data) : each.type));
}

/** The option of this number in an answer. */
export function optionOf(
  message: packet.DecodedPacket,
  code: number,
): packet.PacketOpt | undefined {
  for (const each of message.additionals ?? []) {
    if (each.type === 'OPT') return each.options.find((option) => option.code === code);
  }
  return undefined;
}

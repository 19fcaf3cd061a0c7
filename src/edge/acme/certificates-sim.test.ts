/**
 * PoPs that are cut off, restart and take over from each other, by seeds that are printed when something is wrong.
 *
 * After each time of trouble, once all are linked again: every PoP holds the newest certificate, which holds; nobody
 * has asked the authority more often than the rests allow.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../core/observe/index.ts';
import {
  createSimClock,
  createSimRandom,
  type SimClock,
  SimDisk,
  type SimRandom,
} from '../../core/runtime/sim/index.ts';
import { AccountFile } from './account-file.ts';
import type { Pair } from './certificate-facts.ts';
import { Certificates } from './certificates.ts';
import { Challenges } from './challenges.ts';
import { FakeAuthority, no, signedPair } from './testing/fake-authority.ts';
import { Link } from './testing/link.ts';

const DAY = 24 * 3_600_000;
const names = ['shop.org'];
const wanted = [{ name: 'shop', names }];
const start = createSimClock().wallMs();
/** One for each day, each for nine days. */
const byDay: readonly Pair[] = await Promise.all(
  Array.from({ length: 100 }, (_, day) =>
    signedPair(names, start + day * DAY, start + (day + 9) * DAY),
  ),
);

/** Signs as of today, and has bad days. */
class MoodyAuthority extends FakeAuthority {
  private readonly wall: SimClock;
  private readonly random: SimRandom;

  constructor(clock: SimClock, random: SimRandom) {
    super(clock);
    this.wall = clock;
    this.random = random;
  }

  override async obtain(...given: Parameters<FakeAuthority['obtain']>): Promise<Pair> {
    const day = Math.floor((this.wall.wallMs() - start) / DAY);
    const isBad = this.random.float() < 0.3;
    this.plan = [isBad ? no('unreachable') : (byDay[day] as Pair)];
    return super.obtain(...given);
  }
}

class World {
  readonly clock: SimClock = createSimClock();
  readonly random: SimRandom;
  readonly authority: MoodyAuthority;
  readonly link = new Link();
  readonly pops: SimPop[];
  coordinator = 0;

  constructor(seed: number) {
    this.random = createSimRandom(seed);
    this.authority = new MoodyAuthority(this.clock, this.random);
    this.pops = Array.from({ length: 4 }, (_, index) => new SimPop(this, index));
  }

  async trouble(): Promise<void> {
    const pop = this.pops[this.random.u32() % this.pops.length] as SimPop;
    const kind = this.random.u32() % 4;
    if (kind === 0) pop.end.isCut = !pop.end.isCut;
    else if (kind === 1) await pop.restart(this.random.u32() % 3 === 0);
    else if (kind === 2) {
      this.coordinator = pop.index;
      for (const each of this.pops) each.certificates.look();
    } else pop.certificates.renew('shop');
    await this.clock.advance(this.random.u32() % (2 * DAY));
  }

  async peace(): Promise<void> {
    for (const pop of this.pops) {
      pop.end.isCut = false;
      pop.certificates.announce();
    }
    // Long enough for a certificate that is missing to be tried for, and for those who missed it to ask.
    await this.clock.advance(2 * DAY);
  }
}

class SimPop {
  readonly index: number;
  private readonly world: World;
  end: ReturnType<Link['end']>;
  private disk: SimDisk;
  certificates: Certificates;

  constructor(world: World, index: number) {
    this.world = world;
    this.index = index;
    this.disk = new SimDisk(world.clock, world.random);
    this.end = world.link.end();
    this.certificates = this.made();
  }

  async restart(hasLostDisk: boolean): Promise<void> {
    this.certificates.stop();
    const { isCut } = this.end;
    this.end.isCut = true;
    this.end = this.world.link.end();
    this.end.isCut = isCut;
    if (hasLostDisk) this.disk = new SimDisk(this.world.clock, this.world.random);
    this.certificates = this.made();
    await this.certificates.start(wanted);
  }

  private made(): Certificates {
    const { clock, random, authority } = this.world;
    const log = silentLogger();
    const pop = `pop${this.index}`;
    this.disk.mkdirSync('/acme');
    return new Certificates(
      {
        ...{ clock, random, log, pop, disk: this.disk, folder: '/acme/certificates' },
        account: new AccountFile(this.disk, '/acme'),
        board: new Challenges({ clock, log, pop, sharing: this.end }),
        shared: { sharing: this.end, secret: 'ours' },
        isCoordinator: () => this.world.coordinator === this.index,
        onRenewed: () => {},
      },
      authority,
    );
  }
}

async function run(seed: number, isDeaf = false): Promise<void> {
  const world = new World(seed);
  const { clock, authority, pops } = world;
  for (const pop of pops) await pop.certificates.start(wanted);
  for (let round = 1; round <= 4; round++) {
    for (let i = 0; i < 12; i++) await world.trouble();
    if (isDeaf) for (const pop of pops) pop.end.isCut = true;
    else await world.peace();
    const held = pops.map(({ certificates }) => [...certificates.all][0]?.signed);
    const begins = new Set(held.map((facts) => facts?.notBeforeMs));
    assert.equal(begins.size, 1, `seed ${seed}, round ${round}: ${[...begins]}`);
    const [facts] = held;
    assert.ok(facts !== undefined && facts.notAfterMs > clock.wallMs(), `seed ${seed}`);
  }
  const days = (clock.wallMs() - start) / DAY;
  assert.ok(authority.orders.length < days * 3, `seed ${seed}: ${authority.orders.length} orders`);
  for (const pop of pops) pop.certificates.stop();
}

for (let seed = 1; seed <= 4; seed++) {
  test(`seed ${seed}: PoPs agree on a certificate that holds after each time of trouble`, () =>
    run(seed));
}

test('canary: PoPs that do not hear of each other are seen to disagree', () =>
  assert.rejects(run(1, true), /seed 1, round/));

/** Every balancing policy: one row each; settings, documentation and `createPolicy` derive from it. */
import type { Random } from '../../core/runtime/index.ts';
import type { Level } from '../servers/level.ts';
import { LeastConnections } from './least-connections.ts';
import { Maglev } from './maglev.ts';
import { PeakEwmaPolicy } from './peak-ewma.ts';
import type { Policy } from './policy.ts';
import { RandomPolicy } from './random.ts';
import { Ring } from './ring.ts';
import { RoundRobin } from './round-robin.ts';
import { SmoothWeighted } from './smooth-weighted.ts';
import { SourceHash } from './source-hash.ts';
import { TwoChoices } from './two-choices.ts';
import { WeightedLeastConnections } from './weighted-least-connections.ts';

export interface PolicyOptions {
  /** Factor of the bounded load for `ring` and `maglev`: 0 for none, else 1 or above; 1.25 is usual. */
  readonly boundFactor: number;
}

interface PolicyRow {
  readonly says: string;
  /** Whether it looks at the request's key. */
  readonly keyed: boolean;
  create(level: Level, random: Random, options: PolicyOptions): Policy;
}

export const policyTable = {
  'round-robin': {
    says: 'each in turn; requests of even cost, servers of even strength',
    keyed: false,
    create: (level, random) => new RoundRobin(level, random),
  },
  weighted: {
    says: 'each in turn as often as its weight, turns spread evenly; servers of uneven strength',
    keyed: false,
    create: (level) => new SmoothWeighted(level),
  },
  random: {
    says: 'by chance, as often as the weight; many balancers before one pool',
    keyed: false,
    create: (level, random) => new RandomPolicy(level, random),
  },
  'two-choices': {
    says: 'the less busy of two drawn by chance; a good choice when nothing is known',
    keyed: false,
    create: (level, random) => new TwoChoices(level, random),
  },
  'least-connections': {
    says: 'the least busy; work of very different length',
    keyed: false,
    create: (level) => new LeastConnections(level),
  },
  'weighted-least-connections': {
    says: 'the least busy for its weight; the same on servers of uneven strength',
    keyed: false,
    create: (level) => new WeightedLeastConnections(level),
  },
  'peak-ewma': {
    says: 'the one that will likely answer first; servers whose speed changes',
    keyed: false,
    create: (level, random) => new PeakEwmaPolicy(level, random),
  },
  'source-hash': {
    says: 'by key, evenly; members that seldom change',
    keyed: true,
    create: (level, random) => new SourceHash(level, random),
  },
  ring: {
    says: 'by key, consistently; least movement when members change',
    keyed: true,
    create: (level, random, { boundFactor }) => new Ring(level, random, boundFactor),
  },
  maglev: {
    says: 'by key, consistently; more even than a ring, slightly more movement',
    keyed: true,
    create: (level, random, { boundFactor }) => new Maglev(level, random, boundFactor),
  },
} as const satisfies Record<string, PolicyRow>;

export type PolicyName = keyof typeof policyTable;

export function createPolicy(
  name: PolicyName,
  level: Level,
  random: Random,
  options: PolicyOptions = { boundFactor: 0 },
): Policy {
  const row: PolicyRow = policyTable[name];
  return row.create(level, random, options);
}

/** What operators can ask of the edge beside its settings: its own rows and those of its parts. */
import type { Operation, OperationRefused } from '../core/base/index.ts';
import type { CertificatesShown } from './acme/index.ts';
import type { DnsServer } from './dns/index.ts';
import { type Guard, type GuardShown, guardOperations } from './guard/index.ts';
import type { PopSettings } from './pop-fields.ts';
import type { PopStates } from './pop-states.ts';
import type { PurgeBus, PurgesShown } from './purge/index.ts';

/** The parts, those that run. */
export interface EdgeParts {
  pop(): PopSettings;
  pops(): readonly PopSettings[];
  states(): PopStates | undefined;
  names(): DnsServer | undefined;
  purges(): PurgeBus | undefined;
  certificates(): { shown(): CertificatesShown; operations(): readonly Operation[] } | undefined;
  readonly guard: Guard;
  nowMs(): number;
}

export interface PopStatus {
  readonly name: string;
  readonly city: string;
  readonly region: string;
  readonly shield: boolean;
  readonly drained: boolean;
  readonly up: boolean;
  /** Share of its capacity in use; null: it has not said. */
  readonly load: number | null;
  /** Until the last DNS answer of this PoP that names it has run out, milliseconds; 0: there is none. */
  readonly namedForMs: number;
}

export interface EdgeStatus {
  readonly pop: string;
  readonly pops: readonly PopStatus[];
  readonly purges: PurgesShown | null;
  readonly certificates: CertificatesShown | null;
  readonly guard: GuardShown;
}

const refusals = {
  'no-names': [409, 'This PoP answers no names.'],
  'bad-question': [400, 'The question is not as it should be.'],
} as const;

function refuse(problem: keyof typeof refusals, detail: string): OperationRefused {
  const [status, title] = refusals[problem];
  return { ok: false, status, problem, title, detail };
}

export function edgeOperations(parts: EdgeParts): readonly Operation[] {
  return [
    {
      method: 'GET',
      path: '/status',
      about: 'PoPs with their health and load, purges, certificates, and who is held back.',
      needsToken: false,
      run: () => ({ ok: true, body: statusOf(parts) }),
    },
    {
      method: 'POST',
      path: '/explain',
      about: 'Why a name is answered as it is: `name`, `type`, `client` (an address).',
      needsToken: false,
      run: ({ body }) => explain(parts, body),
    },
    ...(parts.purges()?.operations() ?? []),
    ...(parts.certificates()?.operations() ?? []),
    ...guardOperations(parts.guard),
  ];
}

function statusOf(parts: EdgeParts): EdgeStatus {
  const states = parts.states();
  const nowMs = parts.nowMs();
  return {
    pop: parts.pop().name,
    pops: parts.pops().map(({ name, city, region, shield, drained }) => ({
      ...{ name, city, region, shield, drained },
      up: states?.isUp(name) ?? true,
      load: states?.loadOf(name) ?? null,
      namedForMs: Math.max(0, (parts.names()?.lastAnswerEndsMs(name) ?? 0) - nowMs),
    })),
    purges: parts.purges()?.shown() ?? null,
    certificates: parts.certificates()?.shown() ?? null,
    guard: parts.guard.shown(),
  };
}

function explain(parts: EdgeParts, body: unknown): ReturnType<Operation['run']> {
  const names = parts.names();
  if (names === undefined || names.port === 0) return refuse('no-names', 'ask a PoP that does');
  const { name, type = 'A', client } = (body ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || typeof type !== 'string' || typeof client !== 'string') {
    return refuse('bad-question', 'wanted texts: name, client, and type if it is not A');
  }
  const explanation = names.explain(name, type, client);
  return typeof explanation === 'string'
    ? refuse('bad-question', explanation)
    : { ok: true, body: explanation };
}

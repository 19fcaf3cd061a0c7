/** Runs one case through a cache and says what was not as it must be. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../process.ts';
import type { CacheServer } from './cache-servers.ts';
import type { Answer, Case, Expected, Step, Wanted } from './cases.ts';
import { ask, fieldOf, type Received, type ReceivedLine } from './raw-client.ts';
import {
  type Asked,
  type Scene,
  type Script,
  type ScriptedOrigin,
  textOf,
} from './scripted-origin.ts';

/** As long as the origin waits for a client that waits for it. */
const DELIVERY_MS = 3000;
const CONDITIONS = [
  ...['if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since', 'if-range'],
];

/** One sentence for each thing that was wrong; empty: the case holds. @param asks how: by HTTP/1.1 if nothing is said */
export async function runCase(
  { steps }: Case,
  cache: CacheServer,
  origin: ScriptedOrigin,
  asks: typeof ask = ask,
): Promise<string[]> {
  const run = new Run(steps, cache, asks);
  origin.add(run.id, run);
  try {
    for (const index of steps.keys()) {
      const wrong = await run.step(index);
      // What follows rests on it.
      if (wrong.length > 0) {
        return [...wrong.map((each) => `step ${index}: ${each}`), ...(await death(cache))];
      }
    }
    return [];
  } finally {
    origin.remove(run.id);
  }
}

/** What a cache has said at its end, if it has come to that. */
async function death({ child }: CacheServer): Promise<string[]> {
  await sleep(50);
  return child.hasExited() ? [`the cache has ended: ${child.output().slice(-1500)}`] : [];
}

class Run implements Script, Scene {
  readonly id = randomUUID();
  readonly base = `/${this.id}`;
  readonly nowMs = Math.floor(Date.now() / 1000) * 1000;
  readonly asked: Asked[] = [];
  readonly host: string;
  private readonly steps: readonly Step[];
  private readonly cache: CacheServer;
  private readonly asks: typeof ask;
  private readonly deliveries: PromiseWithResolvers<void>[];
  private waitedFor = false;

  constructor(steps: readonly Step[], cache: CacheServer, asks: typeof ask) {
    this.asks = asks;
    this.steps = steps;
    this.cache = cache;
    this.host = `127.0.0.1:${cache.port}`;
    this.deliveries = steps.map(() => Promise.withResolvers<void>());
  }

  // As the origin's script.

  answer({ step, fields }: Asked): Answer {
    const given = this.steps[step]?.answer;
    if (given === undefined) {
      return { fields: [['Cache-Control', 'no-store']], body: 'nobody should have asked' };
    }
    const conditional = CONDITIONS.some((name) => fieldOf(fields, name) !== undefined);
    // A 304 answers a condition alone.
    return given.status === 304 && !conditional
      ? { fields: given.fields ?? [], body: 'asked without a condition' }
      : given;
  }

  defaultBody({ step }: Asked): string {
    return this.bodyOf(step);
  }

  async delivered(step: number): Promise<void> {
    const late = sleep(DELIVERY_MS, 'late', { ref: false });
    const delivery = this.deliveries[step]?.promise.then(() => 'delivered');
    if ((await Promise.race([late, delivery])) === 'late') this.waitedFor = true;
  }

  // The steps.

  async step(index: number): Promise<string[]> {
    const { expect, waitMs = 0, times = 1 } = this.steps[index] as Step;
    if (waitMs > 0) await sleep(waitMs);
    const responses = await Promise.allSettled(
      Array.from({ length: times }, () => this.request(index)),
    );
    this.deliveries[index]?.resolve();
    if (expect === undefined) return [];
    if (expect.asked === 'behind') {
      const came = (): boolean => this.askedIn(index).length > 0;
      await waitUntil('the origin to be asked', came, 5000).catch(() => {});
    }
    const wrong: string[] = [];
    for (const response of responses) {
      const received = response.status === 'fulfilled' ? response.value : null;
      if (expect.broken) {
        const whole = received?.whole && received.status < 500;
        if (whole) wrong.push('the response looks whole');
      } else if (received === null) {
        wrong.push(String((response as PromiseRejectedResult).reason));
      } else wrong.push(...this.judge(index, expect, received));
    }
    wrong.push(...this.judgeAsked(index, expect));
    return [...new Set(wrong)];
  }

  private request(index: number): Promise<Received> {
    const step = this.steps[index] as Step;
    const { method = 'GET', fields = [], body = '', path = '', host = this.host } = step;
    const lines: ReceivedLine[] = [
      ['Host', host],
      ['X-Step', `${index}`],
      ...fields.map(([name, value]): ReceivedLine => [name, textOf(value, this)]),
    ];
    return this.asks({
      port: this.cache.port,
      method,
      target: `${step.absolute ? `http://${host}` : ''}${this.base}${path}`,
      fields: lines,
      body,
    });
  }

  private judge(index: number, expected: Expected, received: Received): string[] {
    const wrong: string[] = [];
    const { status, fields, body, whole } = received;
    if (!whole) wrong.push('the response is not whole');
    const step = this.steps[index] as Step;
    const stored = ['no', 'behind'].includes(expected.asked) || step.answer?.status === 304;
    const from = expected.body === undefined ? (stored ? 0 : index) : expected.body;
    const usual = typeof from === 'number' ? (this.steps[from]?.answer?.status ?? 200) : undefined;
    const wanted = expected.status ?? usual;
    if (wanted !== undefined && expected.asked !== 'any' && ![wanted].flat().includes(status)) {
      wrong.push(`status ${status}, wanted ${wanted}`);
    }
    if (expected.asked !== 'any' || expected.body !== undefined) {
      const bodiless = step.method === 'HEAD' || status === 204 || status === 304 || from === null;
      const text = body.toString('latin1');
      const whatBody = bodiless ? '' : typeof from === 'number' ? this.bodyOf(from) : from;
      const right = whatBody instanceof RegExp ? whatBody.test(text) : text === whatBody;
      if (!right) wrong.push(`body ${JSON.stringify(text.slice(0, 200))}, wanted ${whatBody}`);
    }
    wrong.push(...this.judgeFields('', fields, expected.fields));
    wrong.push(...this.judgeFields('trailer ', received.trailers, expected.trailers));
    if (expected.interim !== undefined) {
      const came = received.interim.map((each) => each.status).join();
      if (came !== expected.interim.join()) wrong.push(`interim ${came || 'none'}`);
    }
    if (expected.age !== undefined) {
      const age = Number(fieldOf(fields, 'age') ?? Number.NaN);
      const [least, most] = expected.age;
      if (!(age >= least && age <= most)) wrong.push(`Age ${age}, wanted ${least} to ${most}`);
    }
    if (expected.cacheStatus !== undefined && this.cache.name === 'plinth') {
      wrong.push(...this.judgeFields('', fields, { 'cache-status': expected.cacheStatus }));
    }
    return wrong;
  }

  private judgeFields(
    what: string,
    fields: readonly ReceivedLine[],
    wanted: Readonly<Record<string, Wanted>> = {},
  ): string[] {
    return Object.entries(wanted).flatMap(([name, want]) => {
      const value = fieldOf(fields, name);
      const text = want === null || want instanceof RegExp ? want : textOf(want, this);
      const right =
        text === null
          ? value === undefined
          : text instanceof RegExp
            ? value !== undefined && text.test(value)
            : value === text;
      return right
        ? []
        : [`${what}${name} ${short(value ?? 'is missing')}, wanted ${short(text ?? 'none')}`];
    });
  }

  private judgeAsked(index: number, { asked, forwarded, requests }: Expected): string[] {
    const here = this.askedIn(index);
    const wrong: string[] = [];
    const conditional = here.filter(({ fields }) =>
      CONDITIONS.some((name) => fieldOf(fields, name) !== undefined),
    );
    if (asked === 'no' && here.length > 0) wrong.push('the origin was asked');
    if (asked === 'behind' && this.waitedFor) wrong.push('the client waited for the origin');
    if (!['no', 'any'].includes(asked) && here.length === 0) wrong.push('the origin was not asked');
    if (asked === 'anew' && conditional.length > 0) wrong.push('asked with a condition');
    if (asked === 'validation' && conditional.length === 0) wrong.push('asked without a condition');
    if (requests !== undefined && here.length !== requests) {
      wrong.push(`the origin was asked ${here.length} times, wanted ${requests}`);
    }
    const last = here.at(-1);
    if (forwarded !== undefined && last !== undefined) {
      wrong.push(...this.judgeFields('forwarded ', last.fields, forwarded));
    }
    return wrong;
  }

  private askedIn(index: number): Asked[] {
    return this.asked.filter(({ step }) => step === index);
  }

  private bodyOf(index: number): string {
    return this.steps[index]?.answer?.body ?? `${this.id.slice(0, 8)} body ${index}`;
  }
}

function short(value: string | RegExp): string {
  const text = `${value}`;
  return text.length > 120 ? `${text.slice(0, 120)}...` : text;
}

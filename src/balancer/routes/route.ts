/**
 * One route, made ready for use: what it holds for, where it leads, and how it changes requests and responses.
 *
 * Invariant: nothing of it changes but the turns of its split. That it has one of pool, split, redirect and
 * respond, and at most one of path, prefix and pattern, config/conflicts.ts has seen.
 */
import type { RequestHead, ResponseHead } from '../../core/wire/index.ts';
import type { RouteSettings } from '../config/routes.ts';
import { Conditions } from './conditions.ts';
import { HeaderEdits } from './header-edits.ts';
import { type HostRule, hostRuleOf, isHostField } from './host-name.ts';
import {
  type PathRewriting,
  pathRewriting,
  patternRewriting,
  prefixRewriting,
  templateOf,
} from './path-rewriting.ts';
import { rulePathOf, sentPathOf } from './path-text.ts';
import { Pattern } from './pattern.ts';
import { PatternError } from './pattern-syntax.ts';
import { type RedirectTarget, redirectFor, redirectTargetOf } from './redirect-target.ts';
import type { Report } from './route-problems.ts';
import { Split } from './split.ts';

/** Stages that other systems offer, in their order. */
export const stageKinds = ['guard', 'access', 'cache'] as const;
export type StageKind = (typeof stageKinds)[number];

export type RouteKind = 'pool' | 'split' | 'redirect' | 'respond';

/** Which paths a route is for. A prefix has no slash at its end, so that of all paths is empty: `any`. */
export type PathRule =
  | { readonly kind: 'exact' | 'prefix'; readonly form: Buffer }
  | { readonly kind: 'pattern'; readonly pattern: Pattern; readonly source: string }
  | { readonly kind: 'any' };

export class Route {
  readonly name: string;
  /** Its place in the configuration. */
  readonly index: number;
  readonly kind: RouteKind;
  /** Names of its pools: one, those of the split, or none. */
  readonly pools: readonly string[];
  /** Of redirect and respond. */
  readonly status: number;
  /** Rules of the stages before the pool; undefined: none. */
  readonly rules: Readonly<Record<StageKind, string | undefined>>;
  /** Pool for what `pools` can not take. */
  readonly fallback: string | undefined;
  /** For the whole request; 0: as long as the listener allows. */
  readonly requestMs: number;
  readonly listeners: readonly string[];
  /** Empty: all. */
  readonly hosts: readonly HostRule[];
  readonly path: PathRule;
  readonly conditions: Conditions;
  private readonly split: Split | null;
  private readonly target: RedirectTarget;
  private readonly host: Buffer | null;
  private readonly rewriting: PathRewriting | null;
  private readonly requestEdits: HeaderEdits;
  private readonly responseEdits: HeaderEdits;

  constructor(settings: RouteSettings, index: number, report: Report) {
    const { pool, split, redirect, respond } = settings;
    this.name = settings.name;
    this.index = index;
    this.kind = kindOf(settings);
    this.pools = pool === undefined ? split.map((share) => share.pool) : [pool];
    const { guard, access, cache } = settings;
    this.rules = { guard, access, cache };
    this.fallback = settings.fallback;
    this.requestMs = settings.requestMs;
    this.listeners = settings.listeners;
    this.hosts = hostsOf(settings.hosts, report);
    this.path = pathRuleOf(settings, report);
    this.conditions = new Conditions(settings, report);
    this.split = this.kind === 'split' ? new Split(weightsOf(split, report)) : null;
    this.target =
      redirect === undefined ? [] : known('redirect', redirectTargetOf(redirect), report);
    this.status = this.kind === 'redirect' ? Number(settings.redirectStatus) : respond;
    if (respond > 0 && respond < 200) report('respond', `is ${respond}; answers have 200 to 599`);
    this.host = hostFieldOf(settings.rewriteHost, report);
    this.rewriting = rewritingOf(settings, this.path, report);
    this.requestEdits = new HeaderEdits(settings.requestHeaders, 'request_headers', report);
    this.responseEdits = new HeaderEdits(settings.responseHeaders, 'response_headers', report);
  }

  /** The index in `pools` of the one that takes the next request. */
  next(): number {
    return this.split === null ? 0 : this.split.next();
  }

  /**
   * Gives a request that the route matched path and host as the server shall see them. Once, before the request
   * is sent.
   * @returns false when there is none that may be sent: the client is answered 400.
   */
  rewrite(request: RequestHead): boolean {
    if (this.rewriting !== null && !this.rewriting(request)) return false;
    return this.host === null || request.setHostField(this.host);
  }

  /** Edits the fields of a request. False when there was no room: it is not to be sent. */
  editRequest(request: RequestHead): boolean {
    return this.requestEdits.apply(request.fields);
  }

  get editsResponses(): boolean {
    return !this.responseEdits.isEmpty;
  }

  /** Edits the fields of a response. False when there was no room: it is not to be passed on. */
  editResponse(response: ResponseHead): boolean {
    return this.responseEdits.apply(response.fields);
  }

  /**
   * The value of Location for a request that the route matched; the path in it is that behind the rewriting.
   * @returns undefined when there is none: the client is answered 400.
   */
  redirect(request: RequestHead): string | undefined {
    if (this.rewriting !== null && !this.rewriting(request)) return undefined;
    return redirectFor(this.target, request);
  }
}

function kindOf({ pool, split, redirect }: RouteSettings): RouteKind {
  if (pool !== undefined) return 'pool';
  if (split.length > 0) return 'split';
  return redirect === undefined ? 'respond' : 'redirect';
}

function hostsOf(texts: readonly string[], report: Report): HostRule[] {
  const hosts = texts.flatMap((text) => {
    const rule = hostRuleOf(text);
    if (typeof rule !== 'string') return [rule];
    report('hosts', `has ${text}, which ${rule}`);
    return [];
  });
  return hosts.some(({ kind }) => kind === 'any') ? [] : hosts;
}

function pathRuleOf({ path, prefix, pattern }: RouteSettings, report: Report): PathRule {
  if (path !== undefined) return { kind: 'exact', form: known('path', rulePathOf(path), report) };
  if (prefix !== undefined) {
    const form = known('prefix', rulePathOf(prefix), report);
    const length = form.at(-1) === 0x2f ? form.length - 1 : form.length;
    return length <= 0 ? { kind: 'any' } : { kind: 'prefix', form: form.subarray(0, length) };
  }
  if (pattern === undefined) return { kind: 'any' };
  try {
    return { kind: 'pattern', pattern: new Pattern(pattern), source: pattern };
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    report('pattern', `is no pattern that can be used: ${error.message}`);
    return { kind: 'any' };
  }
}

function weightsOf(split: RouteSettings['split'], report: Report): number[] {
  const weights = split.map(({ weight }) => weight);
  if (weights.every((weight) => weight === 0)) report('split', 'has no weight above 0');
  return weights;
}

function hostFieldOf(text: string | undefined, report: Report): Buffer | null {
  if (text === undefined) return null;
  if (!isHostField(text)) report('rewrite_host', 'is no host with an optional port');
  return Buffer.from(text);
}

function rewritingOf(
  settings: RouteSettings,
  rule: PathRule,
  report: Report,
): PathRewriting | null {
  const { rewritePrefix, rewritePath } = settings;
  if (rewritePrefix !== undefined && rewritePath !== undefined) {
    report('rewrite_path', 'and rewrite_prefix exclude each other');
  }
  if (rewritePrefix !== undefined) {
    const prefix = rule.kind === 'prefix' ? rule.form : Buffer.alloc(0);
    const replacement = sentPathOf(rewritePrefix === '' ? '/' : rewritePrefix);
    return prefixRewriting(prefix, known('rewrite_prefix', replacement, report));
  }
  if (rewritePath === undefined) return null;
  if (rule.kind === 'pattern') {
    const parts = known('rewrite_path', templateOf(rewritePath, rule.pattern.groups), report);
    return patternRewriting(rule.pattern, parts);
  }
  return pathRewriting(known('rewrite_path', sentPathOf(rewritePath), report));
}

/** What was read, or the problem reported and something empty in its place. */
function known<T extends Buffer | readonly unknown[]>(
  setting: string,
  read: T | string,
  report: Report,
): T {
  if (typeof read !== 'string') return read;
  report(setting, read);
  return Buffer.alloc(0) as unknown as T;
}

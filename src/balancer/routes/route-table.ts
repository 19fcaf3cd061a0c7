/**
 * Which route takes a request: the most specific one whose conditions hold, of equals the first.
 *
 *     host        exact  >  below a name, the longest first  >  all
 *     path        exact  >  prefix, the longest first  >  pattern, in order  >  all
 *     conditions  on the method  >  more of fields  >  more of parameters
 *
 * Compared in this order; a route whose conditions do not hold leaves the request to the next one, up to those for
 * all hosts. Hosts and paths are found by hash, so many routes cost little more than few.
 *
 * How paths are read: README.md. Invariants: a table never changes; to match allocates nothing while a path
 * is its own normal form; not re-entrant. Hot: bench/balancer-routes.ts.
 */
import { equalBytes } from '../../core/base/index.ts';
import { offsetIn, type RequestHead, TargetForm } from '../../core/wire/index.ts';
import { ByteTable } from './byte-table.ts';
import { HOST_BYTES_MAX, hashHost, hostOf } from './host-name.ts';
import { hasDotSegment, looseForm, strictForm } from './normal-path.ts';
import { hashPath, PathScan } from './path-scan.ts';
import type { Pattern } from './pattern.ts';
import { ambiguousPath, badPath } from './refusals.ts';
import type { Route } from './route.ts';

const DOT = 0x2e;
const QUESTION = Buffer.from('?');
const ROOT = Buffer.from('/');

const scan = new PathScan();
const host = Buffer.alloc(HOST_BYTES_MAX);
/** The two forms of a path that is not its own; they grow with the longest path met. */
let strict = Buffer.alloc(8192);
let loose = Buffer.alloc(8192);

/** All routes, by the listeners that they hold on. */
export class RouteTable {
  readonly routes: readonly Route[];
  private readonly named: ReadonlyMap<string, ListenerRoutes>;
  private readonly others: ListenerRoutes;

  constructor(routes: readonly Route[]) {
    this.routes = routes;
    const names = new Set(routes.flatMap(({ listeners }) => listeners));
    this.others = new ListenerRoutes(routes.filter(({ listeners }) => listeners.length === 0));
    this.named = new Map(
      [...names].map((name) => [
        name,
        new ListenerRoutes(
          routes.filter(({ listeners }) => listeners.length === 0 || listeners.includes(name)),
        ),
      ]),
    );
  }

  /** The routes of one listener, to be kept as long as the table is. */
  on(listener: string): ListenerRoutes {
    return this.named.get(listener) ?? this.others;
  }

  /** As `on(listener).match(request)`. */
  match(listener: string, request: RequestHead): Route | undefined {
    return this.on(listener).match(request);
  }
}

export class ListenerRoutes {
  private readonly exact: ByteTable<HostRoutes>;
  private readonly below: ByteTable<HostRoutes>;
  /** 1 at the lengths of the names in `below`, dot included. */
  private readonly belowLengths: Uint8Array = new Uint8Array(HOST_BYTES_MAX + 1);
  private readonly any: HostRoutes;

  constructor(routes: readonly Route[]) {
    const exact = new Map<string, Route[]>();
    const below = new Map<string, Route[]>();
    for (const route of routes) {
      for (const { kind, form } of route.hosts) {
        const list = entryOf(kind === 'below' ? below : exact, form.toString('latin1'));
        if (list.at(-1) !== route) list.push(route);
        if (kind === 'below') this.belowLengths[form.length] = 1;
      }
    }
    this.exact = tableOf(exact);
    this.below = tableOf(below);
    this.any = new HostRoutes(routes.filter(({ hosts }) => hosts.length === 0));
  }

  /**
   * The route of a request, undefined when there is none. `badPath` and `ambiguousPath` are routes that answer 400.
   * A request whose path has dot-segments is given the normal form of it, so that whoever comes later and the
   * server see the path that was matched.
   */
  match(request: RequestHead): Route | undefined {
    const { pathStart, pathLength, form } = request;
    if (form === TargetForm.asterisk || form === TargetForm.authority) {
      scan.none();
      return this.find(request);
    }
    if (pathLength === 0) {
      scan.walk(ROOT, 0, 1, true);
      return this.find(request);
    }
    const buf = request.fields.bytesAt(pathStart);
    if (scan.walk(buf, offsetIn(pathStart), pathLength, false)) return this.find(request);
    return this.matchForms(request);
  }

  /** All forms of the path must lead to one route. */
  private matchForms(request: RequestHead): Route | undefined {
    const { pathStart, pathLength } = request;
    const buf = request.fields.bytesAt(pathStart);
    const start = offsetIn(pathStart);
    const end = start + pathLength;
    if (strict.length < pathLength) {
      strict = Buffer.alloc(pathLength * 2);
      loose = Buffer.alloc(pathLength * 2);
    }
    const length = strictForm(buf, start, end, strict);
    if (length < 0) return badPath;
    if (hasDotSegment(buf, start, end) && !setPath(request, length)) return badPath;
    scan.walk(strict, 0, length, true);
    const route = this.find(request);
    for (let reading = 0; reading < 2; reading++) {
      const looseLength = looseForm(strict, length, loose, reading === 1);
      if (looseLength < 0) return badPath;
      // Nothing is encoded or left out in a path that is its own loose form: there is no second reading.
      if (looseLength === length && equalBytes(strict, 0, loose, 0, length)) break;
      scan.walk(loose, 0, looseLength, true);
      if (this.find(request) !== route) return ambiguousPath;
    }
    return route;
  }

  /** The route for the path of the scan. */
  private find(request: RequestHead): Route | undefined {
    const { exact, below, belowLengths } = this;
    if (exact.size > 0 || below.size > 0) {
      const length = hostOf(request, host);
      const routes = exact.find(hashHost(host, 0, length), host, 0, length);
      const found = routes?.find(request);
      if (found !== undefined) return found;
      if (below.size > 0) {
        for (let at = 1; at < length; at++) {
          const rest = length - at;
          if (host[at] !== DOT || belowLengths[rest] === 0) continue;
          const found = below.find(hashHost(host, at, rest), host, at, rest)?.find(request);
          if (found !== undefined) return found;
        }
      }
    }
    return this.any.find(request);
  }
}

/** The routes of one host, or of all below a name. */
class HostRoutes {
  private readonly paths: ByteTable<PathRoutes>;
  /** Patterns without a segment that all their paths begin with. */
  private readonly patterns: readonly PatternRoutes[];
  private readonly any: readonly Route[];
  private readonly hasPatterns: boolean;

  constructor(routes: readonly Route[]) {
    const paths = new Map<string, PathLists>();
    const patterns = new Map<string, PatternLists>();
    const free: PatternLists[] = [];
    const any: Route[] = [];
    for (const route of routes) {
      const rule = route.path;
      if (rule.kind === 'any') any.push(route);
      else if (rule.kind !== 'pattern') listsOf(paths, rule.form)[rule.kind].push(route);
      else {
        const { pattern, source } = rule;
        let lists = patterns.get(source);
        if (lists === undefined) {
          lists = { pattern, order: patterns.size, routes: [] };
          patterns.set(source, lists);
          const { segments } = pattern;
          (segments.length === 0 ? free : listsOf(paths, segments).patterns).push(lists);
        }
        lists.routes.push(route);
      }
    }
    for (const { exact, prefix } of paths.values()) {
      exact.sort(bySpecificity);
      prefix.sort(bySpecificity);
    }
    for (const lists of patterns.values()) lists.routes.sort(bySpecificity);
    this.paths = new ByteTable(
      [...paths].map(([key, lists]) => [Buffer.from(key, 'latin1'), lists]),
      hashPath,
    );
    this.patterns = free;
    this.any = any.sort(bySpecificity);
    this.hasPatterns = patterns.size > 0;
  }

  find(request: RequestHead): Route | undefined {
    const { buf, start, length, ends, hashes } = scan;
    const { paths } = this;
    if (length > 0) {
      if (paths.size > 0) {
        const exact = paths.find(scan.hash, buf, start, length);
        let found = exact === undefined ? undefined : pick(exact.exact, request);
        if (found !== undefined) return found;
        for (let i = scan.count - 1; i >= 0; i--) {
          const entry = paths.find(hashes[i]!, buf, start, ends[i]!);
          if (entry === undefined) continue;
          found = pick(entry.prefix, request);
          if (found !== undefined) return found;
        }
      }
      if (this.hasPatterns) {
        const found = this.findPattern(request);
        if (found !== undefined) return found;
      }
    }
    return pick(this.any, request);
  }

  /** The first pattern in order, wherever it is kept. */
  private findPattern(request: RequestHead): Route | undefined {
    const { buf, start, ends, hashes, count } = scan;
    pickPattern(this.patterns, request, Number.POSITIVE_INFINITY);
    let found = picked;
    let order = pickedOrder;
    for (let i = 0; i < count; i++) {
      const entry = this.paths.find(hashes[i]!, buf, start, ends[i]!);
      if (entry === undefined) continue;
      pickPattern(entry.patterns, request, order);
      if (picked === undefined) continue;
      found = picked;
      order = pickedOrder;
    }
    return found;
  }
}

/** Routes that are found by one path: for it, for all below it, and patterns that begin with it. */
interface PathRoutes {
  readonly exact: readonly Route[];
  readonly prefix: readonly Route[];
  readonly patterns: readonly PatternRoutes[];
}

interface PatternRoutes {
  readonly pattern: Pattern;
  /** Its place among the patterns of the host. */
  readonly order: number;
  readonly routes: readonly Route[];
}

interface PatternLists extends PatternRoutes {
  readonly routes: Route[];
}

interface PathLists extends PathRoutes {
  readonly exact: Route[];
  readonly prefix: Route[];
  readonly patterns: PatternLists[];
}

function listsOf(paths: Map<string, PathLists>, path: Buffer): PathLists {
  const key = path.toString('latin1');
  const lists = paths.get(key) ?? { exact: [], prefix: [], patterns: [] };
  paths.set(key, lists);
  return lists;
}

let picked: Route | undefined;
let pickedOrder = Number.POSITIVE_INFINITY;

/** Puts the route of the first pattern that matches and comes before `limit` into `picked`. */
function pickPattern(
  patterns: readonly PatternRoutes[],
  request: RequestHead,
  limit: number,
): void {
  const { buf, start, length } = scan;
  picked = undefined;
  pickedOrder = limit;
  for (let i = 0; i < patterns.length; i++) {
    const { pattern, order, routes } = patterns[i]!;
    if (order >= limit) return;
    if (!pattern.matches(buf, start, start + length)) continue;
    picked = pick(routes, request);
    if (picked === undefined) continue;
    pickedOrder = order;
    return;
  }
}

/** The first route whose conditions hold. */
function pick(routes: readonly Route[], request: RequestHead): Route | undefined {
  for (let i = 0; i < routes.length; i++) {
    const route = routes[i]!;
    if (route.conditions.hold(request)) return route;
  }
  return undefined;
}

function bySpecificity(a: Route, b: Route): number {
  return b.conditions.rank - a.conditions.rank || a.index - b.index;
}

/** Gives the request the strict form as its path, the query behind it. */
function setPath(request: RequestHead, length: number): boolean {
  const { fields, hasQuery, queryStart, queryLength } = request;
  const path = strict.subarray(0, length);
  if (!hasQuery) return request.setOrigin(path);
  const start = offsetIn(queryStart);
  const query = fields.bytesAt(queryStart).subarray(start, start + queryLength);
  return request.setOrigin(Buffer.concat([path, QUESTION, query]));
}

function entryOf(map: Map<string, Route[]>, key: string): Route[] {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}

function tableOf(lists: ReadonlyMap<string, Route[]>): ByteTable<HostRoutes> {
  return new ByteTable(
    [...lists].map(([key, routes]) => [Buffer.from(key, 'latin1'), new HostRoutes(routes)]),
    (form) => hashHost(form),
  );
}

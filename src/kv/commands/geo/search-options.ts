/**
 * Options of GEOSEARCH, GEORADIUS and their kin. All share one syntax and differ in what of it they
 * allow.
 */
import type { Call } from '../../command/call.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import type { Address } from '../../memory/index.ts';
import { ZsetAccess } from '../../values/zset/index.ts';
import { type Box, boxAt, pointAt, type Radius, radiusAt } from './arguments.ts';
import type { Shape } from './distance.ts';
import { decodeScore, type Point } from './geohash.ts';
import type { Selection } from './search.ts';

/** What a command takes. */
export interface SearchKind {
  /** GEORADIUS: centre and radius at fixed places. GEOSEARCH: as options. */
  readonly center: 'coordinates' | 'member' | 'options';
  /** Argument index of the source key. */
  readonly source: 1 | 2;
  /** STORE and STOREDIST with a key, STOREDIST alone, or neither. */
  readonly store: 'keys' | 'destination' | 'none';
}

export interface SearchOptions {
  /** Undefined only when the source is missing. */
  shape: Shape | undefined;
  unitM: number;
  withDistance: boolean;
  withHash: boolean;
  withPoint: boolean;
  selection: Selection;
  /** Argument index of the key to store in, 0 for none. */
  storeIndex: number;
  storeDistance: boolean;
}

const NO_SUCH_MEMBER = new ReplyError('ERR could not decode requested zset member');
const BAD_COUNT = new ReplyError('ERR COUNT must be > 0');
const ANY_ALONE = new ReplyError('ERR the ANY argument requires COUNT argument');

const access = new ZsetAccess();

/** Reads all arguments; `record` is the source's, 0 when it is missing. */
export function searchOptions(call: Call, kind: SearchKind, record: Address): SearchOptions {
  return new OptionReader(call, kind, record).read();
}

class OptionReader {
  private readonly call: Call;
  private readonly kind: SearchKind;
  private readonly record: Address;
  private center: Point | undefined;
  private centered: 'member' | 'coordinates' | undefined;
  private radius: Radius | undefined;
  private box: Box | undefined;
  private order: Selection['order'] = 'none';
  private count = 0;
  private any = false;
  private withDistance = false;
  private withHash = false;
  private withPoint = false;
  private storeIndex = 0;
  private storeDistance = false;

  constructor(call: Call, kind: SearchKind, record: Address) {
    this.call = call;
    this.kind = kind;
    this.record = record;
    if (kind.store === 'destination') this.storeIndex = 1;
  }

  read(): SearchOptions {
    const { call } = this;
    let at = this.readFixed();
    while (at < call.count) {
      const used = this.readSelection(at) || this.readShape(at) || this.readStore(at);
      if (used === 0) throw SYNTAX_ERROR;
      at += used;
    }
    this.check();
    const { selection, shape } = this;
    const { withDistance, withHash, withPoint, storeIndex, storeDistance } = this;
    const unitM = this.radius?.unitM ?? this.box?.unitM ?? 1;
    return {
      ...{ shape, unitM, withDistance, withHash, withPoint },
      ...{ selection, storeIndex, storeDistance },
    };
  }

  private get selection(): Selection {
    return { order: this.order, count: this.count, any: this.any };
  }

  private get shape(): Shape | undefined {
    const { center, radius, box } = this;
    if (center === undefined) return undefined;
    if (radius !== undefined) return { kind: 'circle', center, radiusM: radius.radiusM };
    if (box === undefined) return undefined;
    return { kind: 'box', center, widthM: box.widthM, heightM: box.heightM };
  }

  /** GEORADIUS' centre and radius; returns the index of the first option. */
  private readFixed(): number {
    const { call, kind } = this;
    if (kind.center === 'options') return kind.source + 1;
    if (kind.center === 'coordinates') {
      this.center = pointAt(call, 2);
      this.radius = radiusAt(call, 4);
      return 6;
    }
    // Without a source Redis looks at the options only.
    if (this.record !== 0) {
      this.center = this.pointOf(2);
      this.radius = radiusAt(call, 3);
    }
    return 5;
  }

  private pointOf(index: number): Point {
    const { args, db } = this.call;
    access.open(db, this.record);
    if (!access.find(args.buf, args.start(index), args.length(index))) throw NO_SUCH_MEMBER;
    return decodeScore(access.score);
  }

  // Each of these returns the number of arguments that it used, 0 when the option is not one of its.

  private readSelection(at: number): number {
    const { call } = this;
    switch (call.args.keyword(at)) {
      case 'WITHDIST':
        this.withDistance = true;
        return 1;
      case 'WITHHASH':
        this.withHash = true;
        return 1;
      case 'WITHCOORD':
        this.withPoint = true;
        return 1;
      case 'ANY':
        this.any = true;
        return 1;
      case 'ASC':
        this.order = 'asc';
        return 1;
      case 'DESC':
        this.order = 'desc';
        return 1;
      case 'COUNT':
        if (at + 1 >= call.count) return 0;
        this.count = call.int(at + 1);
        if (this.count <= 0) throw BAD_COUNT;
        return 2;
      default:
        return 0;
    }
  }

  private readShape(at: number): number {
    const { call } = this;
    if (this.kind.center !== 'options') return 0;
    const behind = call.count - at - 1;
    switch (call.args.keyword(at)) {
      case 'FROMMEMBER':
        if (behind < 1 || this.centered === 'coordinates') return 0;
        if (this.record !== 0) this.center = this.pointOf(at + 1);
        this.centered = 'member';
        return 2;
      case 'FROMLONLAT':
        if (behind < 2 || this.centered === 'member') return 0;
        this.center = pointAt(call, at + 1);
        this.centered = 'coordinates';
        return 3;
      case 'BYRADIUS':
        if (behind < 2 || this.box !== undefined) return 0;
        this.radius = radiusAt(call, at + 1);
        return 3;
      case 'BYBOX':
        if (behind < 3 || this.radius !== undefined) return 0;
        this.box = boxAt(call, at + 1);
        return 4;
      default:
        return 0;
    }
  }

  private readStore(at: number): number {
    const { store } = this.kind;
    const word = this.call.args.keyword(at);
    if (store === 'destination' && word === 'STOREDIST') {
      this.storeDistance = true;
      return 1;
    }
    if (store !== 'keys' || at + 1 >= this.call.count) return 0;
    if (word !== 'STORE' && word !== 'STOREDIST') return 0;
    this.storeIndex = at + 1;
    this.storeDistance = word === 'STOREDIST';
    return 2;
  }

  private check(): void {
    const { kind, call } = this;
    if (this.storeIndex !== 0 && (this.withDistance || this.withHash || this.withPoint)) {
      const what = kind.store === 'destination' ? 'GEOSEARCHSTORE' : 'STORE option in GEORADIUS';
      throw new ReplyError(
        `ERR ${what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`,
      );
    }
    if (kind.center === 'options') {
      const name = call.args.text(0);
      if (this.centered === undefined) {
        throw new ReplyError(
          `ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${name}`,
        );
      }
      if (this.radius === undefined && this.box === undefined) {
        throw new ReplyError(`ERR exactly one of BYRADIUS and BYBOX can be specified for ${name}`);
      }
    }
    if (this.any && this.count === 0) throw ANY_ALONE;
  }
}

/** Options of HGETEX and HSETEX before FIELDS. */
import type { Call } from '../../command/call.ts';
import { ReplyError } from '../../errors.ts';
import { type ExpiryUnit, expireAt } from './expire-at.ts';

export interface CombinedOptions {
  /** Unix ms, 0 for none. */
  expireAt: number;
  persist: boolean;
  keepTtl: boolean;
  condition: '' | 'FNX' | 'FXX';
  /** Argument index of FIELDS. */
  fieldsAt: number;
}

const UNITS: Readonly<Record<string, ExpiryUnit>> = {
  EX: { factor: 1000, absolute: false },
  PX: { factor: 1, absolute: false },
  EXAT: { factor: 1000, absolute: true },
  PXAT: { factor: 1, absolute: true },
};

const FIELDS_MISSING = new ReplyError('ERR missing FIELDS argument');
const ONE_CONDITION = new ReplyError('ERR Only one of FXX or FNX arguments can be specified');
const ONE_EXPIRY = {
  hgetex: new ReplyError(
    'ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified',
  ),
  hsetex: new ReplyError(
    'ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified',
  ),
};

/** Reads the options from argument 2 on, up to FIELDS. */
export function combinedOptions(call: Call, command: 'hgetex' | 'hsetex'): CombinedOptions {
  const { args } = call;
  const options: CombinedOptions = {
    expireAt: 0,
    persist: false,
    keepTtl: false,
    condition: '',
    fieldsAt: 0,
  };
  let expiries = 0;
  for (let i = 2; i < call.count; i++) {
    const keyword = args.keyword(i);
    const unit = UNITS[keyword];
    if (keyword === 'FIELDS') {
      options.fieldsAt = i;
      return options;
    }
    if (unit !== undefined && i + 1 < call.count) {
      if (++expiries > 1) throw ONE_EXPIRY[command];
      // Time 0 is past, but still one that was given.
      options.expireAt = Math.max(1, expireAt(call, ++i, unit));
    } else if (command === 'hgetex' && keyword === 'PERSIST') {
      if (++expiries > 1) throw ONE_EXPIRY[command];
      options.persist = true;
    } else if (command === 'hsetex' && keyword === 'KEEPTTL') {
      if (++expiries > 1) throw ONE_EXPIRY[command];
      options.keepTtl = true;
    } else if (command === 'hsetex' && (keyword === 'FNX' || keyword === 'FXX')) {
      if (options.condition !== '') throw ONE_CONDITION;
      options.condition = keyword;
    } else throw new ReplyError(`ERR unknown argument: ${args.text(i)}`);
  }
  throw FIELDS_MISSING;
}

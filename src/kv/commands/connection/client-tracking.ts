/** CLIENT TRACKING, TRACKINGINFO, CACHING, GETREDIR: client-side caching. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import type { Tracking, TrackingOptions } from '../../tracking/index.ts';
import { clientRow } from './client-row.ts';

interface Wanted {
  readonly options: TrackingOptions;
  readonly prefixes: Buffer[];
}

function readOptions(call: Call): Wanted {
  const { args, engine } = call;
  const prefixes: Buffer[] = [];
  let redirect = 0;
  const words = new Set<string>();
  for (let i = 3; i < call.count; i++) {
    const word = args.keyword(i);
    const more = i + 1 < call.count;
    if (word === 'REDIRECT' && more) {
      i++;
      if (redirect !== 0) {
        throw new ReplyError('ERR A client can only redirect to a single other client');
      }
      redirect = call.int(i);
      if (engine.sessions.get(redirect) === undefined) {
        throw new ReplyError('ERR The client ID you want redirect to does not exist');
      }
    } else if (word === 'PREFIX' && more) {
      i++;
      prefixes.push(args.copy(i));
    } else if (/^(?:BCAST|OPTIN|OPTOUT|NOLOOP)$/.test(word)) words.add(word);
    else throw SYNTAX_ERROR;
  }
  return {
    prefixes,
    options: {
      redirect,
      broadcast: words.has('BCAST'),
      optIn: words.has('OPTIN'),
      optOut: words.has('OPTOUT'),
      noLoop: words.has('NOLOOP'),
    },
  };
}

/** @throws when the options do not go with each other or with what is on already. */
function checkOptions({ options, prefixes }: Wanted, current: Tracking | undefined): void {
  const { broadcast, optIn, optOut } = options;
  if (!broadcast && prefixes.length > 0) {
    throw new ReplyError('ERR PREFIX option requires BCAST mode to be enabled');
  }
  if (current !== undefined && current.options.broadcast !== broadcast) {
    throw new ReplyError(
      "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.",
    );
  }
  if (broadcast && (optIn || optOut)) {
    throw new ReplyError('ERR OPTIN and OPTOUT are not compatible with BCAST');
  }
  if (optIn && optOut) {
    throw new ReplyError("ERR You can't specify both OPTIN mode and OPTOUT mode");
  }
  if ((optIn && current?.options.optOut) || (optOut && current?.options.optIn)) {
    throw new ReplyError(
      "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.",
    );
  }
  if (broadcast) checkPrefixes(prefixes, current);
}

function checkPrefixes(prefixes: readonly Buffer[], current: Tracking | undefined): void {
  const names = prefixes.map((prefix) => prefix.toString('latin1'));
  for (const [index, name] of names.entries()) {
    for (const known of current?.prefixes ?? []) {
      if (overlap(name, known)) throw overlaps(name, 'an existing prefix', known);
    }
    for (const other of names.slice(index + 1)) {
      if (overlap(name, other)) throw overlaps(name, 'another provided prefix', other);
    }
  }
}

function overlap(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a);
}

function overlaps(name: string, which: string, other: string): ReplyError {
  return new ReplyError(
    `ERR Prefix '${name}' overlaps with ${which} '${other}'. Prefixes for a single client must not overlap.`,
  );
}

function tracking(call: Call): void {
  const { engine, session, args } = call;
  const wanted = readOptions(call);
  switch (args.keyword(2)) {
    case 'ON':
      checkOptions(wanted, session.tracking);
      engine.tracking.enable(session, wanted.options, wanted.prefixes);
      break;
    case 'OFF':
      engine.tracking.forget(session);
      break;
    default:
      throw SYNTAX_ERROR;
  }
  call.reply.ok();
}

function flagsOf(current: Tracking | undefined): string[] {
  if (current === undefined) return ['off'];
  const { options, caching, redirectBroken } = current;
  const flags = ['on'];
  if (options.broadcast) flags.push('bcast');
  if (options.optIn) flags.push('optin', ...(caching ? ['caching-yes'] : []));
  if (options.optOut) flags.push('optout', ...(caching ? ['caching-no'] : []));
  if (options.noLoop) flags.push('noloop');
  if (redirectBroken) flags.push('broken_redirect');
  return flags;
}

function trackingInfo(call: Call): void {
  const { reply } = call;
  const current = call.session.tracking;
  const flags = flagsOf(current);
  reply.map(3);
  reply.bulkText('flags');
  reply.set(flags.length);
  for (const flag of flags) reply.bulkText(flag);
  reply.bulkText('redirect');
  reply.integer(current === undefined ? -1 : current.options.redirect);
  reply.bulkText('prefixes');
  reply.array(current?.prefixes.size ?? 0);
  for (const prefix of current?.prefixes ?? []) reply.bulkText(prefix);
}

function caching(call: Call): void {
  const current = call.session.tracking;
  if (current === undefined) {
    throw new ReplyError(
      'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
    );
  }
  const word = call.args.keyword(2);
  if (word !== 'YES' && word !== 'NO') throw SYNTAX_ERROR;
  const mode = word === 'YES' ? 'OPTIN' : 'OPTOUT';
  if (!(word === 'YES' ? current.options.optIn : current.options.optOut)) {
    throw new ReplyError(
      `ERR CLIENT CACHING ${word} is only valid when tracking is enabled in ${mode} mode.`,
    );
  }
  current.caching = true;
  call.reply.ok();
}

function getRedir(call: Call): void {
  call.reply.integer(call.session.tracking?.options.redirect ?? -1);
}

export const trackingRows: readonly CommandSpec[] = [
  clientRow({
    name: 'tracking',
    arity: -3,
    since: '6.0.0',
    complexity: 'O(1), and some with the number of prefixes',
    summary: 'Switches on or off that changed keys are told to the client.',
    syntax:
      '<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]',
    run: tracking,
  }),
  clientRow({
    name: 'trackinginfo',
    arity: 2,
    since: '6.2.0',
    summary: 'Tells how changed keys are told to the client.',
    run: trackingInfo,
  }),
  clientRow({
    name: 'caching',
    arity: 3,
    since: '6.0.0',
    summary: 'Says whether the keys of the next command are tracked.',
    syntax: '<YES | NO>',
    run: caching,
  }),
  clientRow({
    name: 'getredir',
    arity: 2,
    since: '6.0.0',
    summary: 'Tells to which client changed keys are told instead.',
    run: getRedir,
  }),
];

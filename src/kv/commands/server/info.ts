/** INFO, TIME, LOLWUT: what the store says about itself. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { infoText } from '../../info/index.ts';
import { COMPATIBLE_VERSION, PLINTH_VERSION } from '../../version.ts';

function info(call: Call): void {
  const wanted: string[] = [];
  for (let i = 1; i < call.count; i++) wanted.push(call.args.text(i).toLowerCase());
  call.reply.verbatim(infoText(call.engine, wanted));
}

function time(call: Call): void {
  const { clock } = call.engine;
  const ms = clock.wallMs();
  const seconds = Math.floor(ms / 1000);
  // The wall clock has milliseconds; the monotonic one gives digits below them.
  const micros = Math.floor((ms % 1000) * 1000) + Math.floor(clock.nowMicros() % 1000);
  call.reply.array(2);
  call.reply.bulkNumber(seconds);
  call.reply.bulkNumber(Math.min(micros, 999_999));
}

/** VERSION and its numbers choose a picture in Redis; here there is one, with a version as there. */
function lolwut(call: Call): void {
  for (let i = 2; i < call.count; i++) call.int(i);
  call.reply.verbatim(`${PLINTH}\nRedis ver. ${COMPATIBLE_VERSION} (Plinth ${PLINTH_VERSION})\n`);
}

const PLINTH = ['   _______', '   |     |', '   |     |', '  /       \\', ' |_________|', ''].join(
  '\n',
);

export const infoCommands: readonly CommandSpec[] = [
  {
    name: 'info',
    arity: -1,
    flags: ['loading', 'stale'],
    acl: ['dangerous'],
    group: 'server',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Returns figures about the store, by section.',
    syntax: '[section [section ...]]',
    tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
    run: info,
  },
  {
    name: 'time',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    acl: [],
    group: 'server',
    since: '2.6.0',
    complexity: 'O(1)',
    summary: 'Returns the time of the server.',
    syntax: '',
    tips: ['nondeterministic_output'],
    run: time,
  },
  {
    name: 'lolwut',
    arity: -1,
    flags: ['readonly', 'fast'],
    acl: [],
    group: 'server',
    since: '5.0.0',
    complexity: 'O(1)',
    summary: 'Returns a small picture and the version.',
    syntax: '[VERSION version]',
    run: lolwut,
  },
];

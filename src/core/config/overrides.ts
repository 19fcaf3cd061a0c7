/**
 * Values from the environment (PLINTH_KV_PORT=7000) and from the command line (--set kv.port=7000).
 *
 * They are plain text. Where a list or a map is wanted, text that begins with [ or { is read as YAML and
 * other text is parted by commas. An empty variable counts as not set, as compose files leave them.
 */
import type { Place } from './problem.ts';
import type { Raw, RawScalar } from './raw.ts';
import { readYaml } from './yaml-source.ts';

/** One value given outside the file. */
export interface Override {
  /** `kv.port`, or for the environment the variable's name. */
  readonly name: string;
  readonly raw: RawScalar;
}

/** The variables that begin with PLINTH_ and are meant as settings. */
export function environmentOverrides(
  environment: Readonly<Record<string, string | undefined>>,
): Override[] {
  return Object.entries(environment).flatMap(([name, value]) => {
    if (!name.startsWith('PLINTH_') || value === undefined || value === '') return [];
    if (isServiceLink(name, value)) return [];
    return [{ name, raw: scalar(value, { source: `environment ${name}` }) }];
  });
}

/** The `--set` options; undefined for one that is not `name=value`. */
export function setOverride(argument: string): Override | undefined {
  const equals = argument.indexOf('=');
  if (equals < 1) return undefined;
  const name = argument.slice(0, equals).trim();
  return { name, raw: scalar(argument.slice(equals + 1), { source: `--set ${name}` }) };
}

/** The override's text as a list. */
export function asList(raw: RawScalar): Raw {
  if (/^\s*[[{]/.test(raw.text)) {
    const reading = readYaml(raw.text, raw.place.source);
    return reading.ok ? at(reading.value, raw.place) : raw;
  }
  const items = raw.text.split(',').map((item) => scalar(item.trim(), raw.place));
  return { type: 'list', items, place: raw.place };
}

/**
 * Kubernetes tells every container about each Service by variables of its name; a Service called `plinth`
 * or `plinth-kv` gives PLINTH_KV_PORT=tcp://10.0.0.1:6379. Those are not ours.
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
function isServiceLink(name: string, value: string): boolean {
  return (
    /_SERVICE_(HOST|PORT(_\w+)?)$/.test(name) ||
    /_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name) ||
    (name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value))
  );
}

function scalar(text: string, place: Place): RawScalar {
  return { type: 'scalar', text, empty: false, place };
}

/** Lines within a variable's text mean nothing to its reader: every value stands at the variable. */
function at(raw: Raw, place: Place): Raw {
  if (raw.type === 'list') {
    return { ...raw, place, items: raw.items.map((item) => at(item, place)) };
  }
  return raw.type === 'scalar' ? { ...raw, place } : { ...raw, place };
}

/**
 * One row of the table of settings. Three sorts:
 *
 *   live     a field of `Settings`: CONFIG SET changes it, and the store follows
 *   fact     what plinth.yaml or the build decided: CONFIG GET shows it, CONFIG SET can not change it
 *   kept     accepted, checked and given back for the sake of tools that set it, without effect; the
 *            row says why
 */
import type { Engine } from '../engine/engine.ts';
import type { Settings } from '../settings.ts';
import { type Kind, Refusal } from './kinds.ts';

/** What rows work on. */
export interface SettingTarget {
  readonly engine: Engine;
  readonly settings: Settings;
  /** Values of the rows that are only kept, as text. */
  readonly kept: Map<string, string>;
}

export interface SettingRow {
  readonly name: string;
  /** Older names of the same setting. */
  readonly aliases: readonly string[];
  readonly sort: 'live' | 'fact' | 'kept';
  /** Kind of its values, for documentation. */
  readonly values: string;
  /** What it does; for `kept` why it does nothing. */
  readonly about: string;
  /** Why CONFIG SET refuses it, undefined when it may be set. */
  readonly fixed?: string;
  read(target: SettingTarget): string;
  /** Checks a new value; the function returned sets it and can not fail. */
  prepare(text: string, target: SettingTarget): (() => void) | Refusal;
}

export const IMMUTABLE = "can't set immutable config";
export const PROTECTED = "can't set protected config";

/** Fields of `Settings` that may hold a T. */
type FieldOf<T> = { [K in keyof Settings]-?: T extends Settings[K] ? K : never }[keyof Settings];

/** A setting that the store follows as soon as it is set. */
export function live<T, K extends FieldOf<T>>(
  name: string,
  field: K,
  kind: Kind<T>,
  about: string,
  more: { aliases?: readonly string[]; changed?: (engine: Engine) => void } = {},
): SettingRow {
  return {
    name,
    aliases: more.aliases ?? [],
    sort: 'live',
    values: kind.about,
    about,
    read: ({ settings }) => kind.print(settings[field] as T),
    prepare: (text, { engine, settings }) => {
      const value = kind.parse(text);
      if (value instanceof Refusal) return value;
      return () => {
        (settings as unknown as Record<string, unknown>)[field] = value;
        more.changed?.(engine);
      };
    },
  };
}

/** A setting that is decided before the store runs. */
export function fact(
  name: string,
  read: (target: SettingTarget) => string,
  about: string,
  fixed = IMMUTABLE,
): SettingRow {
  return {
    name,
    aliases: [],
    sort: 'fact',
    values: '',
    about,
    fixed,
    read,
    prepare: () => new Refusal(fixed),
  };
}

/** A setting that is accepted without effect; `why` says so. */
export function kept<T>(
  name: string,
  kind: Kind<T>,
  initial: string,
  why: string,
  more: { aliases?: readonly string[]; immutable?: boolean } = {},
): SettingRow {
  return {
    name,
    aliases: more.aliases ?? [],
    sort: 'kept',
    values: kind.about,
    about: why,
    ...(more.immutable === true && { fixed: IMMUTABLE }),
    read: (target) => target.kept.get(name) ?? initial,
    prepare: (text, target) => {
      const value = kind.parse(text);
      if (value instanceof Refusal) return value;
      return () => {
        target.kept.set(name, kind.print(value));
      };
    },
  };
}

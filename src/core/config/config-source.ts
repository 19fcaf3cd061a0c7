/** Where the configuration of a process comes from, each time that it is read. */
import type { Loaded } from './load.ts';
import type { Problem } from './problem.ts';
import type { Raw } from './raw.ts';

export interface ConfigFile {
  /** The path as it was given, for places and messages. */
  readonly name: string;
  readonly text: string;
  /** What the text says, where it has been parsed already. */
  readonly raw?: Raw;
}

export type FileReading =
  /** `file` is undefined when none was named and there is none. */
  | { readonly ok: true; readonly file: ConfigFile | undefined }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export interface ConfigSource {
  /** The file as it is now. Never throws. */
  read(): FileReading;
  /** What this file says, with the environment and --set over it. Never throws. */
  load(file: ConfigFile | undefined): Loaded;
}

/** Reads and loads in one step. */
export function loadFrom(source: ConfigSource): Loaded {
  const reading = source.read();
  return reading.ok ? source.load(reading.file) : reading;
}

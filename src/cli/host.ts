/**
 * What the command line needs of the program around it. The composition root gives it, so that the
 * subcommands know no system and can be tested without a process.
 */
import type { AnySection, ConfigSource } from '../core/config/index.ts';
import type { LabWanted } from '../edge/lab/index.ts';

export interface Host {
  readonly version: string;
  /** Every section that plinth.yaml may have. */
  readonly sections: readonly AnySection[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  err(text: string): void;
  /** Run until told to stop; gives the exit code. */
  up(request: UpRequest): Promise<number>;
  /** Run a network on this machine until told to stop; gives the exit code. */
  lab(request: LabRequest): Promise<number>;
}

export interface LabRequest {
  readonly wanted: LabWanted;
  /** Where its configuration and data go. */
  readonly folder: string;
}

export interface UpRequest {
  /** Asked for the configuration now, at each reload and at each change. */
  readonly source: ConfigSource;
  /** Print what listens where as one line of JSON. */
  readonly json: boolean;
}

/** What a subcommand's action is given beside its own options. */
export interface CommandContext {
  readonly host: Host;
  /** Sets the exit code; the default is 0. */
  exit(code: number): void;
}

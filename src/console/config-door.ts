/** What the admin door needs of the running configuration. */
import type { ConfigDocument, Difference, Problem, ShownSetting } from '../core/config/index.ts';

export interface ConfigDoor {
  /** The entity tag (RFC 9110 8.8.3) of the configuration; another one after each change. */
  etag(): string;
  /** What is configured, secrets hidden, in the shape of a patch. */
  document(): ConfigDocument;
  /** Each setting with where it comes from, and what waits for a restart. */
  settings(): ListedSettings;
  /**
   * Changes the configuration and its file, or nothing at all.
   *
   * @param patch a JSON Merge Patch of the document
   * @param isMeant whether the configuration of this entity tag may be changed
   */
  patch(patch: unknown, isMeant: (etag: string) => boolean): Promise<PatchOutcome>;
}

export interface ListedSettings {
  readonly settings: readonly ShownSetting[];
  /** Settings whose running value (`from`) is not the one configured (`to`). */
  readonly needRestart: readonly Difference[];
}

/** Why a patch changed nothing. The table of problems has the answer to each. */
export type PatchRefusal =
  | 'stale'
  | 'wrong-settings'
  | 'overridden'
  | 'refused'
  | 'file-changed'
  | 'file-form'
  | 'unsaved'
  | 'not-open';

export type PatchOutcome =
  | {
      readonly ok: true;
      readonly etag: string;
      /** What this patch changed in the running process. */
      readonly applied: readonly Difference[];
      /** All that is configured and waits for a restart, by this patch or an earlier one. */
      readonly needRestart: readonly Difference[];
      /** Whether the change is in the file and so outlives the process. */
      readonly saved: boolean;
      /** The file that has it. */
      readonly file?: string;
      /** Why it is in no file. */
      readonly why?: string;
    }
  | {
      readonly ok: false;
      readonly reason: PatchRefusal;
      readonly detail: string;
      readonly problems: readonly Problem[];
      readonly etag: string;
    };

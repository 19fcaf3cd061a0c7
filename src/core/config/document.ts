/**
 * A configuration as the one document that a JSON Merge Patch changes: sections, groups and settings by
 * their keys, lists of records as objects of records by name (in their order). Secrets are hidden, and what
 * is absent is null.
 */
import { shownFields } from './differences.ts';
import type { Config } from './load.ts';
import type { AnySection } from './section.ts';

export type ConfigDocument = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export function configDocument(sections: readonly AnySection[], config: Config): ConfigDocument {
  return Object.fromEntries(
    sections.map((section) => [
      section.name,
      shownFields(section.fields, config.of(section) as Readonly<Record<string, unknown>>),
    ]),
  );
}

/** A JSON Merge Patch carried out on the text of a configuration file; see patch-plan.ts and yaml-edit.ts. */
import type { ConfigFile } from './config-source.ts';
import type { Config } from './load.ts';
import { type NamesOf, namesIn } from './located.ts';
import { planPatch } from './patch-plan.ts';
import type { Problem } from './problem.ts';
import type { AnySection } from './section.ts';
import { YamlWork } from './yaml-work.ts';

export type PatchedFile =
  | {
      readonly ok: true;
      /** The file with its new text; not loaded yet, so its values may still be wrong. */
      readonly file: ConfigFile;
      /** Paths of the settings, groups and records that the patch says something about. */
      readonly touched: readonly string[];
    }
  | {
      readonly ok: false;
      /** What is wrong with the patch; empty when it is the file that cannot be edited. */
      readonly problems: readonly Problem[];
      readonly why: string;
    };

/** @param config what was loaded from the file */
export async function patchFile(
  sections: readonly AnySection[],
  config: Config,
  file: ConfigFile,
  patch: unknown,
  yaml: YamlWork = new YamlWork(),
): Promise<PatchedFile> {
  const names = new Map(
    sections.map((each): [string, NamesOf] => [each.name, namesIn(each, config.of(each))]),
  );
  const namesOf: NamesOf = (path) => names.get(path.split('.', 1)[0] as string)?.(path) ?? [];
  const planned = planPatch(sections, patch, namesOf);
  if (!planned.ok) {
    return { ok: false, problems: planned.problems, why: 'the patch does not fit the settings' };
  }
  const { edit, touched } = planned.plan;
  const edited = await yaml.edit(file.text, edit, file.name);
  if (!edited.ok) return { ok: false, problems: [], why: edited.why };
  const { text, raw } = edited;
  return { ok: true, file: { name: file.name, text, raw }, touched };
}

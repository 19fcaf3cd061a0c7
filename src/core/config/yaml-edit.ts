/**
 * Carries a change out on the text of a YAML file, so that people find their file again: only the lines of
 * what is changed are touched; comments, order, blank lines, quotes and alignment of all else stay as they
 * are to the byte.
 *
 * An entry that goes takes its own lines with it, with the comments at their ends and within them; lines of
 * comments above it stay, for they may speak of what follows too. What is new comes last in its map or list,
 * behind the comments there, and is indented as the file is.
 *
 * Invariant: what comes out says exactly what the change asks for: it is read again and compared. Forms
 * that this module cannot edit (none that people usually write) are refused, never damaged.
 */
import { edited, type MapEdit, plainOf, samePlain } from './edit.ts';
import type { Raw } from './raw.ts';
import { YamlEditor } from './yaml-editor.ts';
import { reorder } from './yaml-order.ts';
import { Unusual } from './yaml-places.ts';
import { readYaml, readYamlFile } from './yaml-source.ts';

export type YamlEdited =
  | {
      readonly ok: true;
      readonly text: string;
      /** What the text says, read once for all. */
      readonly raw: Raw;
    }
  /** Why the file's form cannot be edited. */
  | { readonly ok: false; readonly why: string };

/** The text of a file, which must be valid, after a change. `source` names the file in places. */
export function editYaml(text: string, edit: MapEdit, source: string): YamlEdited {
  const before = readYamlFile(text, source);
  if (!before.ok) return { ok: false, why: 'it is not valid YAML' };
  const wanted = edited(plainOf(before.value.raw), edit);
  try {
    const changed = reorder(new YamlEditor(text, before.value.document).run(edit), edit);
    const after = readYaml(changed, source);
    if (after.ok && samePlain(plainOf(after.value), wanted)) {
      return { ok: true, text: changed, raw: after.value };
    }
  } catch (error) {
    if (!(error instanceof Unusual)) throw error;
    return { ok: false, why: error.message };
  }
  return { ok: false, why: 'it is written in a form that cannot be edited' };
}

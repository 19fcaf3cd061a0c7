/** The configuration in force: every setting, its value and where it comes from. Secrets stay hidden. */
import type { Config } from './load.ts';
import { namesIn, settingsOf, valueAt } from './located.ts';
import { type Place, placeText } from './problem.ts';
import type { AnySection } from './section.ts';

export interface ShownSetting {
  readonly path: string;
  /** As it is written in the file; `[secret]` for secrets. */
  readonly value: unknown;
  /** `default`, `plinth.yaml:3:9`, `environment PLINTH_KV_PORT`. */
  readonly from: string;
}

export function shownSettings(sections: readonly AnySection[], config: Config): ShownSetting[] {
  return sections.flatMap((section) => {
    const values = config.of(section);
    return settingsOf(section, namesIn(section, values)).map(({ setting, names, path }) => ({
      path,
      value: setting.show(valueAt(values, names)),
      from: fromText(config.place(path)),
    }));
  });
}

function fromText(place: Place | undefined): string {
  return place === undefined ? 'default' : placeText(place);
}

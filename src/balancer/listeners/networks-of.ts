/** The networks that settings name; what is none has been refused by the check of the settings. */
import { Networks, parseNetwork } from '../../core/base/index.ts';

export function networksOf(texts: readonly string[]): Networks {
  return new Networks(
    texts.flatMap((text) => {
      const parsed = parseNetwork(text);
      return parsed.kind === 'network' ? [parsed.network] : [];
    }),
  );
}

/**
 * Puts the words of a selector together again: `(~a +get)` comes as one argument or as several.
 *
 * @returns the rules, or the index of the word whose parenthesis is never closed.
 */
export function mergeSelectors(words: readonly string[]): string[] | number {
  const rules: string[] = [];
  let open = -1;
  let selector = '';
  for (const [index, word] of words.entries()) {
    if (open >= 0) selector += ` ${word}`;
    else if (word.startsWith('(') && !word.endsWith(')')) {
      open = index;
      selector = word;
      continue;
    } else {
      rules.push(word);
      continue;
    }
    if (!word.endsWith(')')) continue;
    rules.push(selector);
    open = -1;
  }
  return open < 0 ? rules : open;
}

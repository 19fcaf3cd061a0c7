/**
 * docs/rfc9111.md: what the specifications of caching demand of a shared cache, and the tests that show whether ours
 * does it. The demands are in tests/e2e/cache/requirements, the cases in tests/e2e/cache/cases.
 */
import { readFileSync } from 'node:fs';
import { ALL_CASES, type CaseAt } from '../tests/e2e/cache/cases/all.ts';
import {
  rfc5861,
  rfc8246,
  rfc9110,
  rfc9211,
  rfc9213,
} from '../tests/e2e/cache/requirements/others.ts';
import type { Requirement, Specification } from '../tests/e2e/cache/requirements/requirement.ts';
import { rfc9111 } from '../tests/e2e/cache/requirements/rfc9111.ts';

const specifications: readonly Specification[] = [
  ...[rfc9111, rfc9110, rfc9213, rfc9211, rfc5861, rfc8246],
];

/** @throws when a demand names a test that there is not. */
export function cacheRequirementsPage(of: readonly Specification[] = specifications): string {
  const demands = of.flatMap(({ requirements }) => requirements);
  return `# What the cache is held to

${demands.length} demands of RFC 9111 and its kin that concern a shared cache, in our words, with the tests that show each: ${ALL_CASES.length} cases of \`tests/e2e/cache\`, each an exchange of requests and responses through the running program, with an origin of raw bytes behind it. A case holds or the build fails: *held* says that all those named do. A name that ends in \`*\` stands for all that begin so. \`node --test tests/e2e/cache/\` runs them; \`PLINTH_TEST_CACHE=nginx\`, \`varnish\` or \`haproxy\` runs them through another cache.

${of.map(sectionOf).join('\n')}`;
}

function sectionOf(specification: Specification): string {
  const rows = specification.requirements.map((each) => {
    const { section, level, says, note } = each;
    const text = note === undefined ? says : `${says} ${note}`;
    return `| ${section} | ${level} | ${text} | ${testsOf(specification.rfc, each)} | held |`;
  });
  return `## RFC ${specification.rfc}: ${specification.title}

| section | level | demand | shown by | verdict |
|---|---|---|---|---|
${rows.join('\n')}
`;
}

function testsOf(rfc: string, { section, cases }: Requirement): string {
  if (cases.length === 0) throw new Error(`RFC ${rfc}, ${section}: no case shows it`);
  const byFile = new Map<string, string[]>();
  for (const wanted of cases) {
    const found = find(rfc, section, wanted);
    const names = byFile.get(found.file) ?? [];
    byFile.set(found.file, names);
    names.push(found.names);
  }
  return [...byFile].map(([file, names]) => `**${file}**: ${names.join('; ')}`).join('<br>');
}

/** `name` of the demand's own section or one above it, `4.2.1 name`, `9110 14.2 name`, or `crowd: name`. */
function find(rfc: string, section: string, wanted: string): { file: string; names: string } {
  const test = /^(crowd|truth): (.*)$/.exec(wanted);
  if (test !== null) return otherTest(test[1] as string, test[2] as string);
  const [, ofSection = '', inSection = ''] = /^([\d.]+) (.*)$/.exec(wanted) ?? [];
  const [, ofRfc = '', itsSection = '', inRfc = ''] = /^(\d{4}) ([\d.]+) (.*)$/.exec(wanted) ?? [];
  const above = (of: string): boolean => section === of || section.startsWith(`${of}.`);
  for (const [name, matches] of [
    [wanted, ({ is }: CaseAt) => is.rfc === rfc && above(is.section)],
    [inSection, ({ is }: CaseAt) => is.rfc === rfc && is.section === ofSection],
    [inRfc, ({ is }: CaseAt) => is.rfc === ofRfc && is.section === itsSection],
  ] as const) {
    const begins = name.endsWith('*');
    const found = ALL_CASES.filter((at) => {
      if (name === '' || !matches(at)) return false;
      return begins ? at.is.name.startsWith(name.slice(0, -1)) : at.is.name === name;
    });
    const [first] = found;
    if (first === undefined) continue;
    return { file: first.file, names: `${escaped(name)}${begins ? ` (${found.length})` : ''}` };
  }
  throw new Error(`RFC ${rfc}, ${section}: no case is called ${JSON.stringify(wanted)}`);
}

function otherTest(file: string, name: string): { file: string; names: string } {
  const text = readFileSync(new URL(`../tests/e2e/cache/${file}.test.ts`, import.meta.url), 'utf8');
  if (!text.replaceAll(/\$\{CROWD\}/g, '5000').includes(name)) {
    throw new Error(`tests/e2e/cache/${file}.test.ts has no test ${JSON.stringify(name)}`);
  }
  return { file, names: escaped(name) };
}

function escaped(name: string): string {
  return name.replaceAll('|', '\\|').replaceAll('*', '\\*').replaceAll('<', '&lt;');
}

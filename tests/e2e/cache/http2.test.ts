/** Cases in which much of a response is made by us, asked for by HTTP/2. */
import type { Step } from '../../support/origin/cases.ts';
import { askHttp2 } from '../../support/origin/http2-client.ts';
import { testCases } from '../../support/origin/test-cases.ts';
import { conditions } from './cases/conditions.ts';
import { constructing } from './cases/constructing.ts';
import { cacheStatuses, messages } from './cases/messages.ts';
import { ranges } from './cases/ranges.ts';
import { stale } from './cases/stale.ts';

const all = [...constructing, ...conditions, ...ranges, ...stale, ...messages, ...cacheStatuses];
/** What HTTP/1 alone has, and what Node's client does not send: a field of one value in two lines. */
const foreign = (step: Step): boolean => {
  const names = (step.fields ?? []).map(([name]) => name);
  const twice = names.some((name, i) => names.indexOf(name) !== i && name !== 'Foo');
  return (
    step.absolute === true || twice || step.expect?.forwarded?.['content-length'] !== undefined
  );
};
const cases = all.filter(({ steps }) => !steps.some(foreign));

testCases('By HTTP/2', cases, askHttp2);

import { testCases } from '../../support/origin/test-cases.ts';
import { ranges, wholeForRange } from './cases/ranges.ts';

testCases('RFC 9110, section 14, and RFC 9111, section 3.4: parts', [...ranges, ...wholeForRange]);

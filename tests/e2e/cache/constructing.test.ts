import { testCases } from '../../support/origin/test-cases.ts';
import { constructing } from './cases/constructing.ts';

testCases('RFC 9111, sections 4 and 4.1: which response answers', constructing);

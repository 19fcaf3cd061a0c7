import { testCases } from '../../support/origin/test-cases.ts';
import { freshness } from './cases/freshness.ts';

testCases('RFC 9111, section 4.2: freshness', freshness);

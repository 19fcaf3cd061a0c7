import { testCases } from '../../support/origin/test-cases.ts';
import { stale } from './cases/stale.ts';

testCases('RFC 9111, section 4.2.4, RFC 5861 and RFC 8246: stale responses', stale);

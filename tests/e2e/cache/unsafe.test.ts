import { testCases } from '../../support/origin/test-cases.ts';
import { unsafe } from './cases/unsafe.ts';

testCases('RFC 9111, section 4.4: what unsafe requests make stale', unsafe);

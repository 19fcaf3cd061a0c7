import { testCases } from '../../support/origin/test-cases.ts';
import { storing } from './cases/storing.ts';

testCases('RFC 9111, section 3: storing', storing);

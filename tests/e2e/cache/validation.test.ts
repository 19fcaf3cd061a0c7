import { testCases } from '../../support/origin/test-cases.ts';
import { conditions } from './cases/conditions.ts';
import { freshened } from './cases/freshened.ts';
import { validation } from './cases/validation.ts';

testCases('RFC 9111, section 4.3: validation', validation);
testCases('RFC 9111, section 4.3.2: conditions of clients', conditions);
testCases('RFC 9111, section 3.2: what a 304 brings', freshened);

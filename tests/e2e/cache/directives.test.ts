import { testCases } from '../../support/origin/test-cases.ts';
import { directives } from './cases/directives.ts';

testCases('RFC 9111, section 5: directives', directives);

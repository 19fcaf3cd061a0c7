import { testCases } from '../../support/origin/test-cases.ts';
import { targeted } from './cases/targeted.ts';

testCases('RFC 9213: targeted directives', targeted);

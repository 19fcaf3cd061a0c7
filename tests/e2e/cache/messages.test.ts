import { testCases } from '../../support/origin/test-cases.ts';
import { cacheStatuses, messages } from './cases/messages.ts';

testCases('Messages as they come and go', messages);
testCases('RFC 9211: Cache-Status', cacheStatuses);

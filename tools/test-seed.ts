/**
 * Loaded before every test file. `npm test` draws the cases of property tests from one seed, so that a
 * run says the same twice; `npm run soak` sets another seed every time and prints it.
 */
import fc from 'fast-check';

const seed = Number(process.env.TEST_SEED);
if (Number.isInteger(seed)) fc.configureGlobal({ seed });

/** The first message of a TLS connection: where it wants to go, without decrypting anything. */
export { type ClientHello, type HelloParsed, parseClientHello } from './parse.ts';
export { type HelloProblem, helloProblemTable } from './problems.ts';

/** The door of the command line: the program of all subcommands, and its exit codes. */
export { type ExitName, exitCode, exitCodeTable } from './exit-codes.ts';
export type { CommandContext, Host, LabRequest, UpRequest } from './host.ts';
export { buildProgram, runCli } from './program.ts';

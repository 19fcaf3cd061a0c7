/** The door of the explanations: what would become of a request, and why. */
export { type AskedRequest, type ReadRequest, readAsked } from './asked-request.ts';
export { explain, type FoundResponse, type ToExplain } from './explain.ts';
export { explanationLines } from './explain-text.ts';
export { ExplainedSink } from './explained-sink.ts';
export type {
  ExplainedAge,
  ExplainedLifetime,
  ExplainedRefusal,
  ExplainedResponse,
  ExplainedVerdict,
  Explanation,
} from './explanation.ts';

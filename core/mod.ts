/**
 * The public API of flow: everything `cli/` and workflow files may import. Defines nothing itself and knows nothing
 * of terminals.
 *
 * @module
 */

export * from "./action.ts";
export * from "./base/error.ts";
export {
  formatDiagnostic,
  formatPlace,
  formatSnippet,
  type Position,
  positionOf,
  sanitize,
  type SourceFile,
  type Span,
} from "./base/source.ts";
export { nearest } from "./base/suggest.ts";
export { callName } from "./call_name.ts";
export { errorsIn } from "./error_value.ts";
export { type ErrorValue, isError, type RootCause } from "./is_error.ts";
export { withHash, withHashOfInputs } from "./with_hash.ts";
export type { CleanReport, CleanRequest } from "./clean.ts";
export { decodeValue, encodedBytes, encodeValue } from "./base/value.ts";
export { Engine } from "./engine.ts";
export type { EngineOptions } from "./engine_options.ts";
export { aloneBecause, type PlacementRequest } from "./executors.ts";
export * from "./event.ts";
export type { RunControls, RunningActions } from "./run_controls.ts";
export type { Explanation, PlanEntry, Verdict } from "./foresight.ts";
export { forgetStored, type Forgotten } from "./forget.ts";
export type { Replay } from "./replay.ts";
export type { PartRequest, RunOutcome, RunRequest } from "./run_request.ts";
export type { SelectRequest } from "./select.ts";
export { type ManyRequest, ManyRuns, type Member, type MemberEnd } from "./many.ts";
export type { NodeTally } from "./combination.ts";
export type { Combination, Sweep } from "./sweep.ts";
export type { SweepRequest } from "./sweep_request.ts";
export { History, type NodeEntry, type RunDifference, type RunEntry } from "./history.ts";
export type { ProfileEntry } from "./profile.ts";
export type { Taken } from "./taken.ts";
export type { NodeDifference, NodeVerdict } from "./run_diff.ts";
export type { RunLog as NodeLog } from "./store/runs.ts";
export type { LabelledOutput } from "./labelled_output.ts";
export type { StoredOutput } from "./stored_output.ts";
export { checkWorkflowTypes, type TypeCheckRequest } from "./type_check.ts";
export type { TypeReport } from "./types/check_types.ts";
export { exportTable, exportZarr, type TableFormat } from "./export/export.ts";
export { type LongTable, longTable } from "./export/labelled.ts";
export { cellText } from "./export/text.ts";
export type { Root } from "./roots.ts";
export type { Structure } from "./structure.ts";
export type { ListEntry, ParamEntry } from "./survey.ts";
export * from "./workflow.ts";
export * from "./load/builder.ts";
export { findWorkflow, loadWorkflow } from "./load/load.ts";
export { workflowSchema as jsonSchema } from "./load/schema.ts";
export { drawAscii } from "./report/ascii.ts";
export { toDot } from "./report/dot.ts";
export { formatBytes, formatCount, formatDuration, formatPlural } from "./report/format.ts";
export { toGraphJson } from "./report/graph_json.ts";
export { toMermaid } from "./report/mermaid.ts";
export { elementName, formatFailure, RunSummary } from "./report/summary.ts";
export { formatTable } from "./report/table.ts";
export { displayWidth, truncate } from "./report/width.ts";
export { isCurrent, type Memo, memoIdentity, readMemo } from "./memo.ts";
export type { GraphView, ViewEdge, ViewNode } from "./report/view.ts";
export { Store } from "./store/store.ts";
export { hostMain } from "./executor/host.ts";

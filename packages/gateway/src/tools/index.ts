export { type Difference, differences } from './difference.ts';
export { TOOL_STATES, type ToolState } from './drift.ts';
export type { RecordToolEntry, ToolActor, ToolEntry } from './entries.ts';
export { ToolError } from './errors.ts';
export { MARK_KINDS, type Mark } from './marks.ts';
export { openTools, type ToolsOptions } from './open.ts';
export type { ToolRow } from './table.ts';
export type { Tools } from './types.ts';
export { visible } from './visible.ts';

/** The file system: NameNode and DataNode in one process, and the S3 door to it. */
export type { DataNodeShown, DataNodeStatusBody } from './admin/data-node.ts';
export type { DiskShown, FilesStatus } from './admin/files-status.ts';
export type { ClusterStatus, LedgerEntry, NodeStatus } from './cluster/index.ts';
export { type FsckLine, type FsckProblem, type FsckSummary, problemTable } from './fsck/report.ts';
export { createFiles, Files, type FilesContext } from './system.ts';

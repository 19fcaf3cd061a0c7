/** The file system: NameNode and DataNode in one process, and the S3 door to it. */
export { type FilesSettings, filesConfig } from './config.ts';
export { createFiles, Files, type FilesContext } from './system.ts';

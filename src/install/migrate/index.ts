export { type Change, loadChanges, type Script, sqlRoot } from './changes.js';
export { type MigrateDownOptions, migrateDown } from './down.js';
export { type ManifestObject, readManifest } from './manifest.js';
export type { OnProgress, OnStatement, Progress, Step } from './run.js';
export { type ChangeStatus, migrateStatus } from './status.js';
export { type UninstallOptions, type UninstallResult, uninstall } from './uninstall.js';
export { type InstallOptions, type MigrateResult, type MigrateUpOptions, migrateUp } from './up.js';
export { migrateVerify, type VerifyFailure, type VerifyResult } from './verify.js';

export { errorEntry, IuError, isIuCode } from '../contract/errors/index.js';
export { type EmitClient, type EmitResult, type EventToEmit, emit } from './emit.js';

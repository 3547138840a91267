export { errorEntry, IuError, isIuCode } from '../contract/errors/index.js';
export { dedupeById, defaultReceiptTable, receiptTableDdl } from './dedupe.js';
export { type EmitClient, type EmitResult, type EventToEmit, emit } from './emit.js';
export { type VerifyOptions, verifyWebhook, type WebhookHeaders } from './verify-webhook.js';
export type { ReceivedEvent } from './webhook-event.js';

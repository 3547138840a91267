/** Where a worker says what changed. Fields hold names and numbers, never payloads. */
export type WorkerLog = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;

/** Says nothing. */
export const silentLog: WorkerLog = () => {};

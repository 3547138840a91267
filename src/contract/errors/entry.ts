/** One error code, everything a person or a program needs to react to it. */
export interface ErrorEntry {
  /** SQLSTATE of class IU: five characters, the same in SQL, TypeScript, HTTP and the CLI. */
  readonly code: string;
  /** Short machine-friendly name, for example `payload_too_large`. */
  readonly name: string;
  /** What happened, in one sentence. Never a value from a payload. */
  readonly meaning: string;
  readonly httpStatus: number;
  /** Exit code of `iu`: 1 failed, 2 unhealthy, 3 refused by a gate or guard, 64 wrong usage, 69 database not usable. */
  readonly exitCode: number;
  /** The way out, in one sentence. */
  readonly action: string;
}

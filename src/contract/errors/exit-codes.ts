/** One exit code of `iu` and what it tells a script. */
export interface ExitCode {
  readonly code: number;
  readonly name: string;
  readonly meaning: string;
}

/** Every exit code of `iu`. 64, 69 and 70 are those of sysexits.h, so that a supervisor knows them. */
export const exitCodes = {
  ok: { code: 0, name: 'ok', meaning: 'Done, or shown what would be done.' },
  failed: { code: 1, name: 'failed', meaning: 'The command failed; the error says why.' },
  unhealthy: { code: 2, name: 'unhealthy', meaning: 'The command worked, and what it looked at is not healthy.' },
  refused: { code: 3, name: 'refused', meaning: 'A gate or a guard refused it; nothing was changed.' },
  usage: { code: 64, name: 'usage', meaning: 'The command line or the configuration is wrong.' },
  unavailable: { code: 69, name: 'unavailable', meaning: 'The database cannot be used.' },
  internal: { code: 70, name: 'internal', meaning: 'A defect of iu-core itself.' },
} as const satisfies Readonly<Record<string, ExitCode>>;

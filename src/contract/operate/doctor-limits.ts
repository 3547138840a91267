/** Where a state becomes a finding. */
export interface DoctorLimits {
  readonly openTransactionYellowSeconds: number;
  readonly openTransactionRedSeconds: number;
  readonly preparedRedSeconds: number;
  readonly slotHeldRedMegabytes: number;
  readonly slotHorizonRedAge: number;
  readonly clockSkewYellowMilliseconds: number;
  readonly clockSkewRedMilliseconds: number;
  readonly deadRowsLeast: number;
  readonly deadRowsShare: number;
  readonly changedRowsLeast: number;
  readonly changedRowsShare: number;
  readonly transactionAgeYellow: number;
  readonly transactionAgeRed: number;
  readonly connectionsYellowShare: number;
  readonly connectionsRedShare: number;
  readonly cursorWaiting: number;
  readonly approvalEndsSeconds: number;
  readonly approvalUsedShare: number;
  readonly processSilentSeconds: number;
  readonly watchdogMissedLooks: number;
}

export const doctorLimits: DoctorLimits = {
  openTransactionYellowSeconds: 300,
  openTransactionRedSeconds: 3600,
  preparedRedSeconds: 60,
  slotHeldRedMegabytes: 10_240,
  // A quarter of the 200 million after which the server begins to vacuum against wraparound.
  slotHorizonRedAge: 50_000_000,
  clockSkewYellowMilliseconds: 5_000,
  // Receivers of signed webhooks commonly allow five minutes; half a minute leaves room for retries and their own clocks.
  clockSkewRedMilliseconds: 30_000,
  deadRowsLeast: 10_000,
  deadRowsShare: 0.3,
  changedRowsLeast: 50_000,
  changedRowsShare: 0.5,
  // The server refuses to write at about 2.1 billion.
  transactionAgeYellow: 1_000_000_000,
  transactionAgeRed: 1_600_000_000,
  connectionsYellowShare: 0.8,
  connectionsRedShare: 0.95,
  cursorWaiting: 10_000,
  approvalEndsSeconds: 3 * 86_400,
  approvalUsedShare: 0.9,
  // A runner beats every 15 s.
  processSilentSeconds: 60,
  watchdogMissedLooks: 3,
};

import { errorCode, isRefusal } from '../store/failure.js';
import type { GapReport, SeenCommitted } from '../store/gaps.js';
import type { WorkerLog } from './log.js';

/** Any connection on which a gap can be reported. */
export interface GapSession {
  reportGap(processId: string, seen: readonly SeenCommitted[]): Promise<GapReport | null>;
}

/** What is looked at of a delivery. */
interface Handed {
  readonly routeId: string;
  readonly attemptNo: number;
  readonly event: { readonly seq: string; readonly id: string };
}

/** So many outcomes of refused settles are remembered until somebody answers. */
const mostUnasked = 500;

/**
 * What this process saw committed last. A log that does not have it any more went back: a standby that was behind was promoted, or an
 * older backup restored. The database cannot see that itself, because cursor, audit and queue went back with it. What was committed
 * before the last thing that is there is there too, so the last of each sort is enough. Numbers are not given in the order of commits:
 * the event noted last is kept beside the youngest.
 */
export class LastKnown {
  #youngest: SeenCommitted | undefined;
  #latest: SeenCommitted | undefined;
  #attempt: SeenCommitted | undefined;
  /** Outcomes of settles that were refused in part: whether they stand in the audit. */
  #unasked: SeenCommitted[] = [];
  #isRefused = false;

  constructor(
    /** For sends the name they are claimed under. */
    private readonly processId: string,
    private readonly log: WorkerLog,
  ) {}

  /** An event was decided or handed over. */
  noteEvent(seq: string, id: string): void {
    this.#latest = { eventSeq: seq, eventId: id };
    if (this.#youngest === undefined || BigInt(seq) > BigInt(this.#youngest.eventSeq)) this.#youngest = this.#latest;
  }

  /** The deliveries of one claim are in order of event: the last one is the youngest. */
  handed(deliveries: readonly Handed[]): void {
    const last = deliveries.at(-1);
    if (last !== undefined) this.noteEvent(last.event.seq, last.event.id);
  }

  /** What was settled, or swept after its lease, stands in the audit. Of what was refused and does not, the claim itself is gone. */
  async settled(
    session: GapSession,
    batch: readonly { readonly delivery: Handed; readonly outcome: { readonly status: string } }[],
    refused: number,
  ): Promise<void> {
    const written = batch.filter(({ outcome }) => outcome.status !== 'released');
    const last = written.at(-1);
    if (refused === 0) {
      if (last !== undefined) this.#attempt = seenAttempt(last.delivery);
      return;
    }
    const seen = written.map(({ delivery }) => seenAttempt(delivery));
    this.#unasked = [...this.#unasked, ...seen].slice(-mostUnasked);
    // A call that fails leaves them here, for the next connection.
    const asked = this.#unasked;
    if (asked.length > 0 && (await this.#report(session, asked)) !== null) this.#forget(asked);
  }

  /** On a new connection, before anything is done on it: what is known last would be something younger then. */
  async check(session: GapSession): Promise<void> {
    // Taken out meanwhile: two connections may be opened at once, and a gap is said once.
    const [youngest, latest, attempt, unasked] = [this.#youngest, this.#latest, this.#attempt, this.#unasked];
    const events = youngest === latest ? [latest] : [youngest, latest];
    const seen = [...unasked, ...events, attempt].filter((one) => one !== undefined);
    if (seen.length === 0) return;
    this.#youngest = this.#latest = this.#attempt = undefined;
    this.#unasked = [];
    let found: GapReport | null = null;
    try {
      found = await this.#report(session, seen);
    } finally {
      if (found === null) this.#unasked = unasked;
      if (found === null || found.missing === 0) {
        this.#youngest = youngest;
        this.#latest = latest;
        this.#attempt = attempt;
      }
    }
  }

  #forget(asked: readonly SeenCommitted[]): void {
    this.#unasked = this.#unasked.filter((one) => !asked.includes(one));
  }

  /** Null: nobody can say. That the question is refused is said once, and keeps nobody from working. */
  async #report(session: GapSession, seen: readonly SeenCommitted[]): Promise<GapReport | null> {
    const found = await session.reportGap(this.processId, seen).catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
      if (!this.#isRefused) this.log('error', 'nobody says whether the log went back', { code: errorCode(error) });
      this.#isRefused = true;
      return null;
    });
    if (found !== null && found.missing > 0) {
      this.log('error', 'committed work is missing: the log went back behind what this process saw; iu gap list', {
        missing: found.missing,
        lastSeq: seen.at(-1)?.eventSeq,
        lastEventId: seen.at(-1)?.eventId,
        highestSeq: found.highest_seq ?? undefined,
      });
    }
    return found;
  }
}

function seenAttempt({ event, routeId, attemptNo }: Handed): SeenCommitted {
  return { eventSeq: event.seq, eventId: event.id, attempt: { routeId, attemptNo } };
}

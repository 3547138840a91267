/** An event as a receiver has it after its signature was verified. */
export class ReceivedEvent {
  #payload: { readonly value: unknown } | undefined;

  private constructor(
    /** What to dedupe by: stable over every attempt of this event on this route. */
    readonly deliveryId: string,
    /** Id of the event; the same on every route. */
    readonly eventId: string,
    /** `/iu-core/DEPLOYMENT` */
    readonly source: string,
    /** `domain.type` */
    readonly type: string,
    /** Key of the subject, undefined when the event is about nothing in particular. */
    readonly subject: string | undefined,
    /** RFC 3339 in UTC, microseconds. */
    readonly time: string,
    /** 20 digits; of two events of one subject the later has the greater. */
    readonly sequence: string,
    readonly routeCode: string,
    /** True for `iu route test-send`: about no recorded event. */
    readonly isTest: boolean,
    /** Number of the attempt, undefined when the sender does not say. */
    readonly attemptNo: number | undefined,
    /** Every CloudEvents attribute as it was sent. */
    readonly attributes: Readonly<Record<string, unknown>>,
    /** The payload byte for byte as PostgreSQL wrote it. Numbers have all their digits here, and nowhere else in JavaScript. */
    readonly payloadText: string,
  ) {}

  /** The payload as JSON.parse reads it, read when first asked for: integers beyond 2^53 and 1e400 lose digits by it. */
  get payload(): unknown {
    this.#payload ??= { value: JSON.parse(this.payloadText) };
    return this.#payload.value;
  }

  /** Reads the attributes; undefined when one is missing or is no text. */
  static from(
    attributes: Readonly<Record<string, unknown>>,
    payloadText: string,
    attempt: string | undefined,
  ): ReceivedEvent | undefined {
    const { specversion, id, source, type, time, sequence, routecode, deliveryid, subject, iutest } = attributes;
    if (specversion !== '1.0') return undefined;
    if (typeof id !== 'string' || typeof source !== 'string' || typeof type !== 'string') return undefined;
    if (typeof time !== 'string' || typeof sequence !== 'string') return undefined;
    if (typeof routecode !== 'string' || typeof deliveryid !== 'string') return undefined;
    if (subject !== undefined && typeof subject !== 'string') return undefined;
    const attemptNo = attempt !== undefined && /^\d{1,9}$/.test(attempt) ? Number(attempt) : undefined;
    return new ReceivedEvent(
      deliveryid,
      id,
      source,
      type,
      subject,
      time,
      sequence,
      routecode,
      iutest === true,
      attemptNo,
      attributes,
      payloadText,
    );
  }
}

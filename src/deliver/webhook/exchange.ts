import type { Dispatcher } from 'undici';
import type { SendOutcome } from '../../contract/delivery/delivery.js';
import { notConnected, withoutAnswer } from './failure.js';

/** Most of an answer that is read; then the connection is ended and the status counts. */
const mostAnswerBytes = 65_536;

/** An answer as it was read. */
export interface ReadAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: readonly Uint8Array[];
  /** True when there was more than `mostAnswerBytes`, or the rest did not come. */
  readonly cut: boolean;
}

/** What a request does with the connection that it is on. */
export interface HeldConnection {
  /** Ends the request that is going on. */
  destroy(): void;
  /** The request is over, in whatever way. */
  free(): void;
}

/** Ends a request that was given up before or while it was sent; never reaches anybody. */
const givenUp = new Error('given up');

/**
 * One request and its answer, settled once: by the answer, an error, or the deadline, whichever is first. It hangs below
 * `dispatch`, without a promise, a stream or an AbortSignal of its own: those cost as much as the rest of a request together.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  #connection: HeldConnection | undefined;
  #isStarted = false;
  #status = 0;
  #retryAfter: string | undefined;
  #bytes = 0;
  readonly #body: Uint8Array[] = [];
  #settled = false;
  readonly #timer: NodeJS.Timeout;

  /** `judge` says what a full answer means, `settle` gets the outcome. */
  constructor(
    deadlineMilliseconds: number,
    private readonly secure: boolean,
    private readonly judge: (answer: ReadAnswer) => SendOutcome,
    private readonly settle: (outcome: SendOutcome) => void,
  ) {
    this.#timer = setTimeout(onDeadline, deadlineMilliseconds, this);
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** It is handed to a connection, and nothing is written yet. */
  onConnection(connection: HeldConnection): void {
    this.#connection = connection;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // It waited for a connection for longer than it had: nothing is written.
    if (this.#settled) controller.abort(givenUp);
    else this.#isStarted = true;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#status = status;
    const retryAfter = headers['retry-after'];
    this.#retryAfter = Array.isArray(retryAfter) ? retryAfter[0] : retryAfter;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return;
    this.#bytes += chunk.length;
    if (this.#bytes <= mostAnswerBytes) {
      this.#body.push(chunk);
      return;
    }
    this.#body.push(chunk.subarray(0, Math.max(0, chunk.length - (this.#bytes - mostAnswerBytes))));
    this.#answered(true);
    this.#end();
  }

  onResponseEnd(): void {
    this.#connection?.free();
    this.#answered(false);
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#connection?.free();
    if (!this.#isStarted) this.finish(notConnected(error, this.secure));
    else if (this.#hasRefusal()) this.#answered(true);
    else this.finish(withoutAnswer(error));
  }

  onRequestUpgrade(): void {
    this.finish(withoutAnswer({ code: 'HPE_UNEXPECTED_UPGRADE' }));
    this.#end();
  }

  /** The deadline: what is known now is the outcome. */
  expire(): void {
    if (!this.#isStarted) {
      this.finish({ status: 'failed', failureCode: 'connect_timeout', failureDetail: 'no connection by the deadline' });
    } else if (this.#hasRefusal()) {
      this.#answered(true);
      this.#end();
    } else {
      const failureDetail =
        this.#status === 0 ? 'no answer by the deadline' : `${this.#status}, no end of the answer by the deadline`;
      this.finish({ status: 'unknown', failureCode: 'timeout', failureDetail });
      this.#end();
    }
  }

  /** Settles with an outcome; only the first counts. */
  finish(outcome: SendOutcome): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.settle(outcome);
  }

  /** A status that is not 2xx is a no, however little of the rest came. */
  #hasRefusal(): boolean {
    return this.#status >= 300;
  }

  #answered(cut: boolean): void {
    if (this.#settled) return;
    this.finish(this.judge({ status: this.#status, retryAfter: this.#retryAfter, body: this.#body, cut }));
  }

  /** Ends the connection of a request that is going on. One that has none yet is ended when it gets one. */
  #end(): void {
    if (this.#isStarted) this.#connection?.destroy();
  }
}

function onDeadline(exchange: Exchange): void {
  exchange.expire();
}

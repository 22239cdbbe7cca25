import { Inbox } from './inbox.ts';
import type { Arrival, Arrived, ExchangeEnd } from './types.ts';

/** One request on its way to a server and all that comes back for it. Made by Link alone. */
export class Exchange {
  readonly number: number;
  /** Key of the request's id; undefined for a GET stream, which has none. */
  readonly idKey: string | undefined;
  readonly progressKey: string | undefined;
  /** Monotonic milliseconds after which it is given up; Infinity for streams that have no end of their own. */
  readonly deadlineMs: number;
  readonly #inbox: Inbox<Arrival>;
  #over = false;

  constructor(options: {
    number: number;
    idKey: string | undefined;
    progressKey: string | undefined;
    deadlineMs: number;
    onBacklog: (deltaBytes: number) => void;
  }) {
    this.number = options.number;
    this.idKey = options.idKey;
    this.progressKey = options.progressKey;
    this.deadlineMs = options.deadlineMs;
    this.#inbox = new Inbox(sizeOf, options.onBacklog);
  }

  /** Nothing more will arrive, or what arrives is dropped. */
  get over(): boolean {
    return this.#over;
  }

  /** What arrives next. After an `answer` or `end` it must not be called again. */
  next(): Promise<Arrival> {
    return this.#inbox.next();
  }

  interim(message: Arrived): void {
    if (!this.#over) this.#inbox.push({ kind: 'interim', message });
  }

  answer(message: Arrived, httpStatus: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#inbox.push({ kind: 'answer', message, httpStatus });
  }

  finish(end: ExchangeEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#inbox.push({ kind: 'end', end });
  }
}

function sizeOf(arrival: Arrival): number {
  return arrival.kind === 'end' ? 0 : arrival.message.raw.length;
}

/** A part of a text that an analyser named. `start` and `end` are UTF-16 units, `score` is 0 to 1. */
export interface Span {
  readonly entity: string;
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

/** What every analyser does, wherever it runs. */
export interface Analyser {
  /** Texts that may go in one request. */
  readonly batchMax: number;
  /**
   * Finds entities in texts. One list of spans for each text, in order.
   * @throws AnalyserError, or what the signal was aborted with
   */
  analyse(texts: readonly string[], entities: readonly string[], signal: AbortSignal): Promise<Span[][]>;
  close(): Promise<void>;
}

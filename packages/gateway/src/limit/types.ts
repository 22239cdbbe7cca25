/** What a limit counts apart: one counter for each value of these. Empty: one counter for all. */
export const LIMIT_DIMENSIONS = ['principal', 'server', 'tool'] as const;
export type LimitDimension = (typeof LIMIT_DIMENSIONS)[number];

/** One limit, as a document of kind Limit says it. What is left out restricts nothing. */
export interface LimitRule {
  readonly name: string;
  readonly principals?: readonly string[];
  readonly groups?: readonly string[];
  readonly servers?: readonly string[];
  readonly tools?: readonly string[];
  readonly per: readonly LimitDimension[];
  /** At most `max` calls in any window of `seconds`. */
  readonly calls?: { readonly max: number; readonly seconds: number };
  /** At most so many calls at once, on this replica. */
  readonly concurrent?: number;
  /** At most `max` of an amount argument in any window; amounts are multiplied by 10^scale and must then be whole. */
  readonly budget?: {
    readonly argument: string;
    readonly max: number;
    readonly seconds: number;
    readonly scale: number;
  };
}

/** A call as limits see it. */
export interface LimitQuestion {
  readonly principal: { readonly kind: string; readonly name: string; readonly groups: readonly string[] };
  readonly server: string;
  readonly tool: string | undefined;
  readonly arguments: (() => unknown) | undefined;
}

/** A call that was counted. */
export interface Admission {
  /** The call is over. One that was never sent gives its part of budgets and of counts back. */
  release(sent: boolean): void;
}

/** The limit room's door. */
export interface Limits {
  /** Puts rules in force, in place of those before. Counters go on where a rule keeps its name. */
  use(rules: readonly LimitRule[]): void;
  /**
   * Counts a call against every limit that applies to it. All or none: where one refuses, the others get it back.
   *
   * @throws LimitError `exceeded` or `amount`; `unavailable` where it could not be counted, so the call must not go on.
   */
  admit(question: LimitQuestion): Promise<Admission>;
  close(): Promise<void>;
}

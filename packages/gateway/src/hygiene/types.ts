/** What is done with what servers say, before anybody sees it (Server document, `results`). */
export interface HygieneRules {
  /** Characters that hide: control characters, bidirectional overrides, Unicode tags. */
  readonly hidden: 'strip' | 'refuse' | 'pass';
  /** Whether results say in `_meta` that they are data and no instructions. */
  readonly label: boolean;
  /** Links in texts of results: as they are, or so that nothing follows them (`hxxps://`). */
  readonly links: 'pass' | 'defang';
}

export const HIDDEN_KINDS = ['control', 'bidi', 'tag'] as const;
export type HiddenKind = (typeof HIDDEN_KINDS)[number];

/** What was found, by kind, and how many links were defanged. */
export type HygieneFindings = Readonly<Partial<Record<HiddenKind | 'link', number>>>;

/** A message made clean. `raw` is the very buffer that came where there was nothing to do. */
export interface Clean {
  readonly raw: Buffer;
  readonly findings: HygieneFindings;
}

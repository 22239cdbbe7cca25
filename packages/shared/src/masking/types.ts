/** What the masking engine takes and gives (DESIGN.md §8, issue 5). Everything here is plain data or a function. */

/** What a masked value is. The redacted form is the name in brackets: `[PAN]`. Customer rules name their own. */
export type Entity =
  | 'PAN'
  | 'SSN'
  | 'ITIN'
  | 'IBAN'
  | 'ROUTING_NUMBER'
  | 'ACCOUNT_NUMBER'
  | 'BIC'
  | 'PHONE'
  | 'EMAIL'
  | 'IP'
  | 'PASSPORT'
  | 'DRIVING_LICENCE'
  | 'DATE_OF_BIRTH'
  | 'CRYPTO_ADDRESS'
  | 'CLOUD_KEY'
  | 'TOKEN'
  | 'JWT'
  | 'PRIVATE_KEY'
  | 'PASSWORD';

/** Where in a message a value was found. `.key` is an object key, `.number` a number lexeme of the same place. */
export type Place =
  | 'text'
  | 'structured'
  | 'resource-text'
  | 'resource-blob'
  | 'link'
  | 'image'
  | 'audio'
  | 'error-message'
  | 'error-data'
  | 'progress'
  | 'log'
  | 'input-request'
  | 'prompt'
  | 'completion'
  | 'tool-definition'
  | 'arguments'
  | 'meta'
  | 'other';
export type Carrier = Place | `${Place}.key` | `${Place}.number` | `${Place}.split` | `${Place}.encoded`;

/** Redactions of one kind made in one message. Never holds the value. */
export interface Finding {
  readonly rule: string;
  readonly detector: string;
  readonly entity: string;
  readonly carrier: Carrier;
  readonly count: number;
}

/** Why a message could not be masked. The answer must then be withheld. Closed: outcome entries carry it. */
export type RefusalReason =
  | 'malformed'
  | 'too_deep'
  | 'unknown_carrier'
  | 'image'
  | 'audio'
  | 'undecodable_blob'
  | 'unpacked_too_large'
  | 'over_budget'
  | 'detector_failed'
  | 'rule_refuses'
  | 'key_collision'
  | 'analyser_failed'
  | 'token_unknown';

/** A refusal: the code, and a sentence that is safe to show (it never holds content). */
export interface Refusal {
  readonly reason: RefusalReason;
  readonly message: string;
  /** The rule or detector concerned, where there is one. */
  readonly rule?: string;
}

/** What came of one message. */
export interface MaskResult {
  /** The message to release. The very object that was given when nothing was found. Empty when refused. */
  readonly masked: Uint8Array;
  readonly findings: readonly Finding[];
  readonly refused?: Refusal;
}

/** What a rule does with a value it matches. */
export type Action =
  /** `[PAN]`, or the given label in brackets. */
  | { readonly kind: 'redact'; readonly label?: string }
  /** Keeps the edges: of a PAN the BIN and the last four (`bin-last4`), else the last four digits or letters. */
  | { readonly kind: 'partial'; readonly keep: 'bin-last4' | 'last4' }
  /** HMAC-SHA-256 of the canonical value: equal values stay equal, nobody without the key can test a guess. */
  | { readonly kind: 'hash' }
  /** A reversible token from the caller's vault. */
  | { readonly kind: 'token' }
  /** The whole member goes; where the message's own shape needs the member, its whole text is redacted. */
  | { readonly kind: 'drop' }
  /** The whole answer is withheld. */
  | { readonly kind: 'refuse' };

/** Reversible tokens; the map is the caller's. Deterministic: equal value, entity and scope give an equal token. */
export interface TokenVault {
  /** @returns an id of 8–64 letters (`[A-Za-z]`): digits in it could read as another value. */
  tokenise(value: string, entity: string, scope: string): string;
  /** @returns the value, or undefined where the map is lost or rotated. */
  detokenise(token: string, scope: string): string | undefined;
}

/** What a rule matches. */
export type RuleMatch =
  | { readonly detectors: readonly string[] }
  /** RE2 syntax. With a group named `value`, only that group is masked. */
  | { readonly pattern: string; readonly caseSensitive?: boolean }
  /** Object keys, compared without case and word separators: `customerName` is `customer_name`. */
  | { readonly keys: readonly string[] }
  /** JSON paths from the root of the message, of structured content, arguments, or JSON in a text: `$.customer.name`, `$..iban`, `$.rows[*].name`. */
  | { readonly paths: readonly string[] }
  /** Columns of SQL results, CSV and Markdown tables, compared like keys. */
  | { readonly columns: readonly string[] }
  /** Names, places and the like, found by an analyser outside the engine (`MaskOptions.analysed`). */
  | { readonly analyser: string; readonly entities: readonly string[] }
  /** Whole words or phrases. */
  | { readonly dictionary: readonly string[]; readonly caseSensitive?: boolean };

/** One masking rule, as documents of kind MaskingRule hold it. The first rule that matches a value wins. */
export interface MaskingRule {
  readonly name: string;
  readonly match: RuleMatch;
  /** Name of what is masked; needed unless the rule is about built-in detectors. Capitals, digits, `_`. */
  readonly entity?: string;
  readonly action: Action;
  /** The rule holds only where one of these words is near (72 bytes before, or in the key). */
  readonly context?: readonly string[];
  /** 0 to 1; findings less sure are left. Built-ins: 0.99 checksum or signature, 0.9 shape, 0.8 context. */
  readonly minConfidence?: number;
  /** Values that this rule leaves alone, compared without separators and case. */
  readonly allow?: readonly string[];
  /** What a number becomes: a string (the default), or 0 where a strict reader needs a number. */
  readonly numbers?: 'string' | 'zero';
}

export type ProfileName = 'PCI' | 'GLBA' | 'secrets' | 'everything';

/** What happens with content that can't be read as text. It is never "masked". */
export type MediaChoice = 'pass' | 'drop' | 'refuse';

/** What compilePlan takes. */
export interface PlanOptions {
  readonly profiles?: readonly ProfileName[];
  readonly rules?: readonly MaskingRule[];
  readonly images?: MediaChoice;
  readonly audio?: MediaChoice;
  /** Blobs that don't decode to text and are no known picture or sound. Default: the profiles' (refuse). */
  readonly binary?: MediaChoice;
  /** Content of a type that this engine doesn't know. Default refuse. */
  readonly unknownCarriers?: 'scan' | 'refuse';
  /** For `hash`: 32 bytes or more. */
  readonly hashKey?: Uint8Array;
  readonly vault?: TokenVault;
  /** Tokens and hashes of one scope are comparable with each other and with no others. */
  readonly scope?: string;
}

/** Given with each message. */
export interface MaskOptions {
  /** Asked every 64 KiB of work; false ends it with `over_budget`. The caller measures time; the engine has no clock. */
  readonly withinBudget?: () => boolean;
  /**
   * What the plan's analysers found in the message's texts (`textsToAnalyse`). A text that is missing withholds the
   * message. `elsewhere` where it is masked by analysers at another step.
   */
  readonly analysed?: Analysed | 'elsewhere';
}

/** A part of a text that an analyser named; `start` and `end` are UTF-16 units, `score` is 0 to 1. */
export interface AnalysedSpan {
  readonly analyser: string;
  readonly entity: string;
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

/** By text, as `textsToAnalyse` gave it. */
export type Analysed = ReadonlyMap<string, readonly AnalysedSpan[]>;

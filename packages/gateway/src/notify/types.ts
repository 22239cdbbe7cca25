/** An approval as it is told to people elsewhere: names and numbers, never what the call holds. */
export interface Told {
  readonly id: string;
  readonly kind: 'call' | 'grant';
  readonly state: string;
  readonly digest: string;
  readonly requester: string;
  readonly server: string;
  readonly tool?: string;
  readonly method: string;
  readonly flows: readonly string[];
  readonly needs: readonly string[];
  readonly policies: readonly string[];
  readonly requestedAt: string;
  readonly expiresAt: string;
  readonly endReason?: string;
  readonly votes: readonly { readonly by: string; readonly effect: 'approve' | 'deny' }[];
}

export interface SlackSettings {
  /** Channel id, `C…`. */
  readonly channel: string;
  readonly apiUrl: string;
  /** Names of secrets: files in the folder of secrets. */
  readonly tokenSecret: string;
  readonly signingSecret: string;
  /** Slack user id → account. */
  readonly people: Readonly<Record<string, string>>;
}

export interface WebhookSettings {
  readonly url: string;
  readonly signingSecret: string;
  /** Secret that decisions coming in are signed with; absent: none are taken. */
  readonly decidingSecret?: string;
  /** Who a decision may come from, by what the other side calls them → account. */
  readonly people: Readonly<Record<string, string>>;
}

/** One Notification document that is switched on. */
export interface NotificationRule {
  readonly name: string;
  /** Flows that it is about; absent: all. */
  readonly flows?: readonly string[];
  readonly slack?: SlackSettings;
  readonly webhook?: WebhookSettings;
}

export interface OutRequest {
  readonly url: string;
  readonly method: 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly maxMs: number;
}

/** Sends through the guard of what the gateway reaches out to. */
export type Send = (request: OutRequest) => Promise<{ readonly status: number; readonly body: Buffer }>;

/** A decision that came in, its sender verified. What it is about is read anew by who takes it. */
export interface Incoming {
  readonly notification: string;
  /** The account of who decided. */
  readonly account: string;
  /** What the other side calls them. */
  readonly user: string;
  readonly approval: string;
  readonly digest: string;
  readonly effect: 'approve' | 'deny';
  readonly reason?: string;
}

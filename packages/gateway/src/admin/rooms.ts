import type { Clock } from '@sallyport/shared/clock';
import type { RuleSet } from '@sallyport/shared/masking-rules';
import type { Approvals } from '../approval/index.ts';
import type { Audit } from '../audit/index.ts';
import type { AccessReviews, Grants } from '../grant/index.ts';
import type { Identity } from '../identity/index.ts';
import type { CountQuery, RuleCount } from '../masking/index.ts';
import type { Notify } from '../notify/index.ts';
import type { Policy } from '../policy/index.ts';
import type { Proposals } from '../proposal/index.ts';
import type { Receipts } from '../receipt/index.ts';
import type { Changer, Registry } from '../registry/index.ts';
import type { Logger } from '../telemetry/index.ts';
import type { Tools } from '../tools/index.ts';
import type { Tunnel } from '../tunnel/index.ts';

/** What the admin layer must know of one MCP session. */
export interface SessionInfo {
  /** `ses_…` */
  readonly id: string;
  readonly principal: { readonly kind: 'service-account' | 'user'; readonly name: string };
  readonly server: string;
  readonly agent?: string;
  readonly era: 'legacy' | 'modern';
  readonly protocolVersion?: string;
  /** What the MCP client calls itself. */
  readonly client?: string;
  /** RFC 3339 instants. */
  readonly startedAt: string;
  readonly lastUsedAt: string;
}

/** The admin layer's view of live sessions. */
export interface SessionsView {
  /**
   * Live sessions in a fixed order of the view's own, those behind the session with the id `after`, at most `limit`.
   * A page boundary survives the end of the session at it.
   */
  list(after: string | undefined, limit: number): Promise<readonly SessionInfo[]>;
  /**
   * Ends a session for `by`; the session's own `session.end` entry carries the reason.
   * False when there is no live session of that id.
   */
  end(id: string, reason: string, by: Changer): Promise<boolean>;
}

/** Facts of the running gateway that no room owns. */
export interface GatewayInfo {
  readonly version: string;
  /** The URL clients use, without a trailing slash. */
  readonly publicUrl: string;
  readonly startedAt: string;
  readonly quickstart: boolean;
  /** Whether Postgres answered lately (store). */
  databaseHealthy(): boolean;
  /** Absent where no Redis is configured. */
  readonly redisHealthy?: () => boolean;
}

/** Everything the admin API acts on. */
export interface AdminRooms {
  readonly registry: Registry;
  readonly identity: Identity;
  readonly policy: Policy;
  readonly audit: Audit;
  readonly grants: Pick<Grants, 'request' | 'narrow' | 'revoke' | 'get' | 'list'>;
  readonly accessReviews: Pick<AccessReviews, 'list' | 'decide'>;
  readonly proposals: Pick<Proposals, 'propose' | 'confirm' | 'refuse' | 'get' | 'list'>;
  readonly receipts: Pick<Receipts, 'reconcile' | 'chains' | 'page' | 'spans'>;
  readonly approvals: Pick<
    Approvals,
    'decide' | 'withdraw' | 'review' | 'get' | 'list' | 'subjectOf' | 'mayDecide'
  >;
  readonly notify: Pick<Notify, 'slackSays' | 'webhookSays' | 'answerInSlack'>;
  readonly tools: Pick<Tools, 'list' | 'known' | 'review' | 'decide'>;
  readonly tunnel: Tunnel;
  /** The masking rules in force, and how often each hid something. */
  readonly masking: {
    rules(): RuleSet;
    counts(query: CountQuery): Promise<RuleCount[]>;
  };
  readonly sessions: SessionsView;
  readonly gatewayInfo: GatewayInfo;
  readonly clock: Clock;
  readonly logger: Logger;
}

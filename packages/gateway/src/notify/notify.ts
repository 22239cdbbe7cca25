import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import type { Store } from '../store/index.ts';
import { NotifyError } from './errors.ts';
import { ATTEMPTS_MAX, BATCH, CLAIM_MS, RETRY_FIRST_MS, RETRY_MAX_MS } from './limits.ts';
import { requireSignature, slackSignature, webhookSignature } from './signature.ts';
import { fromSlack, tellInSlack, toSlack } from './slack.ts';
import {
  claimDue,
  insertNotifications,
  loadNextMs,
  loadReference,
  markFailed,
  markSent,
  type Queryable,
  type Row,
} from './table.ts';
import type { Incoming, NotificationRule, Send, Told } from './types.ts';
import { fromWebhook, HEADERS, toWebhook } from './webhook.ts';

export interface NotifyOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly send: Send;
  readonly rules: () => readonly NotificationRule[];
  /** A secret by its name, read when it is used. @throws Error without the secret's text */
  readonly secret: (name: string) => Promise<string>;
  /** An approval as it is now. */
  readonly told: (approval: string) => Promise<Told | undefined>;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Tells people elsewhere, and takes what they answer. The table is the truth: what is to be told is in it once it has
 * happened, and stays until it was taken. Nothing here can change a decision by being lost, late or told twice.
 */
export class Notify {
  readonly #options: NotifyOptions;

  constructor(options: NotifyOptions) {
    this.#options = options;
  }

  /** Within the transaction of what has happened. */
  async announce(
    db: Queryable,
    approval: { id: string; flows: readonly string[] },
    event: string,
  ): Promise<void> {
    const names = this.#options
      .rules()
      .filter(({ flows }) => flows === undefined || approval.flows.some((flow) => flows.includes(flow)))
      .map(({ name }) => name);
    await insertNotifications(db, names, approval.id, event, this.#options.clock.now());
  }

  /** Sends what is due of one approval. Resolves to when more is, the next attempt included; undefined: all was sent. */
  async deliver(approval: string): Promise<number | undefined> {
    await this.sendDue(approval);
    return loadNextMs(this.#options.store.pool, approval);
  }

  /** Sends what is due, of one approval or of all, until nothing is. */
  async sendDue(approval?: string): Promise<void> {
    const { store, clock } = this.#options;
    for (;;) {
      const due = await claimDue(store.pool, {
        nowMs: clock.now(),
        claimMs: CLAIM_MS,
        limit: BATCH,
        ...(approval === undefined ? {} : { approval }),
      });
      if (due.length === 0) return;
      // One receiver's messages in order, receivers beside each other.
      const byReceiver = Map.groupBy(due, ({ notification }) => notification);
      await Promise.all(
        [...byReceiver.values()].map(async (rows) => {
          for (const row of rows) await this.#sendOne(row);
        }),
      );
    }
  }

  /** A press of a button in Slack. @throws NotifyError */
  async slackSays(name: string, headers: Headers, body: Buffer): Promise<Incoming> {
    const settings = this.#rule(name)?.slack;
    if (settings === undefined) throw unknown(name);
    const timestamp = String(headers['x-slack-request-timestamp'] ?? '');
    const secret = await this.#options.secret(settings.signingSecret);
    const expected = slackSignature(secret, timestamp, body);
    requireSignature(
      String(headers['x-slack-signature'] ?? ''),
      expected,
      timestamp,
      this.#options.clock.now(),
    );
    return fromSlack(name, settings, body);
  }

  /** A decision of another system. @throws NotifyError */
  async webhookSays(name: string, headers: Headers, body: Buffer): Promise<Incoming> {
    const settings = this.#rule(name)?.webhook;
    if (settings?.decidingSecret === undefined) throw unknown(name);
    const timestamp = String(headers[HEADERS.timestamp] ?? '');
    const id = String(headers[HEADERS.id] ?? '');
    const secret = await this.#options.secret(settings.decidingSecret);
    const expected = webhookSignature(secret, timestamp, id, body);
    requireSignature(
      String(headers[HEADERS.signature] ?? ''),
      expected,
      timestamp,
      this.#options.clock.now(),
    );
    return fromWebhook(name, settings, body);
  }

  /** Says to one person in Slack why their press did nothing. Nothing depends on it. */
  async answerInSlack({ notification, user }: Incoming, text: string): Promise<void> {
    const settings = this.#rule(notification)?.slack;
    if (settings === undefined) return;
    const { send, secret, logger } = this.#options;
    try {
      await tellInSlack(send, settings, await secret(settings.tokenSecret), user, text);
    } catch (error) {
      logger.warn('a person in Slack was not answered', { notification, reason: errorText(error) });
    }
  }

  async close(): Promise<void> {
    // What is under way here is claimed for a while, and is sent again where its end is not noted.
  }

  #rule(name: string): NotificationRule | undefined {
    return this.#options.rules().find((rule) => rule.name === name);
  }

  async #sendOne(row: Row): Promise<void> {
    const { store, clock, logger } = this.#options;
    try {
      const reference = await this.#deliver(row);
      await markSent(store.pool, row.id, clock.now(), reference);
    } catch (error) {
      const waitMs = Math.min(RETRY_FIRST_MS * 2 ** (row.attempts - 1), RETRY_MAX_MS);
      const nextMs = row.attempts >= ATTEMPTS_MAX ? undefined : clock.now() + waitMs;
      const { notification, approval, attempts } = row;
      const facts = { notification, approval, attempts, reason: errorText(error) };
      if (nextMs === undefined) logger.error('a notification was given up', facts);
      else logger.warn('a notification was not taken; it is tried again', facts);
      await markFailed(store.pool, row.id, { problem: errorText(error), nextMs });
    }
  }

  async #deliver(row: Row): Promise<string | undefined> {
    const { store, send, secret, told, clock } = this.#options;
    const rule = this.#rule(row.notification);
    const now = await told(row.approval);
    // Switched off since: there is nobody to tell.
    if (rule === undefined || now === undefined) return undefined;
    if (rule.webhook !== undefined) {
      const { webhook } = rule;
      const message = { id: `${row.approval}-${row.id}`, event: row.event, told: now, nowMs: clock.now() };
      await toWebhook(send, webhook, await secret(webhook.signingSecret), message);
    }
    if (rule.slack === undefined) return undefined;
    const reference = await loadReference(store.pool, row.approval, row.notification);
    return toSlack(send, rule.slack, await secret(rule.slack.tokenSecret), now, reference);
  }
}

function unknown(name: string): NotifyError {
  return new NotifyError('unknown', `Nothing is taken in for "${name.slice(0, 63)}".`);
}

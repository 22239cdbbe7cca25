import { NotifyError } from './errors.ts';
import { SEND_MAX_MS } from './limits.ts';
import type { Incoming, Send, SlackSettings, Told } from './types.ts';

/** Slack's markup has three characters of its own (Formatting text for app surfaces). */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').slice(0, 500);
}

/** The message as Block Kit; buttons while it waits. */
export function slackMessage(told: Told): { text: string; blocks: object[] } {
  const what =
    told.kind === 'grant' ? `access to ${told.server}` : `${told.tool ?? told.method} on ${told.server}`;
  const votes = told.votes.map(({ by, effect }) => `${by} ${effect === 'approve' ? 'approved' : 'denied'}`);
  const text = `${told.id}: ${told.requester} asks for ${what} (${told.state})`;
  const field = (name: string, value: string): object => ({
    type: 'mrkdwn',
    text: `*${name}*\n${escaped(value)}`,
  });
  const blocks: object[] = [
    {
      type: 'section',
      text: { type: 'mrkdwn', text: `*${escaped(told.requester)}* asks for *${escaped(what)}*` },
    },
    {
      type: 'section',
      fields: [
        field('State', told.endReason === undefined ? told.state : `${told.state}: ${told.endReason}`),
        field('Until', told.expiresAt),
        field('Needs', told.needs.join('; ')),
        field('Votes', votes.length === 0 ? 'none yet' : votes.join(', ')),
        ...(told.policies.length === 0 ? [] : [field('Policies that ask', told.policies.join(', '))]),
        field('Digest', told.digest.slice(0, 16)),
      ],
    },
    {
      type: 'context',
      elements: [
        {
          type: 'mrkdwn',
          text: `What would be sent is not shown here: \`sallyport-gateway approval show ${told.id}\``,
        },
      ],
    },
  ];
  if (told.state === 'pending') {
    const button = (effect: 'approve' | 'deny', label: string, style: string): object => ({
      type: 'button',
      action_id: effect,
      text: { type: 'plain_text', text: label },
      style,
      value: `${told.id} ${told.digest}`,
      confirm: {
        title: { type: 'plain_text', text: `${label}?` },
        text: {
          type: 'plain_text',
          text: `${label} ${told.id}, ${what}, for ${told.requester}.`.slice(0, 300),
        },
        confirm: { type: 'plain_text', text: label },
        deny: { type: 'plain_text', text: 'Not now' },
      },
    });
    blocks.push({
      type: 'actions',
      elements: [button('approve', 'Approve', 'primary'), button('deny', 'Deny', 'danger')],
    });
  }
  return { text, blocks };
}

/**
 * Posts the message, or changes the one that was posted.
 *
 * @returns what Slack calls the message
 * @throws Error where Slack did not take it
 */
export async function toSlack(
  send: Send,
  settings: SlackSettings,
  token: string,
  told: Told,
  reference: string | undefined,
): Promise<string | undefined> {
  const method = reference === undefined ? 'chat.postMessage' : 'chat.update';
  const body = {
    channel: settings.channel,
    ...slackMessage(told),
    ...(reference === undefined ? {} : { ts: reference }),
  };
  const answer = await call(send, settings, token, method, body);
  return typeof answer.ts === 'string' ? answer.ts : reference;
}

/** Tells one person alone. */
export async function tellInSlack(
  send: Send,
  settings: SlackSettings,
  token: string,
  user: string,
  text: string,
): Promise<void> {
  await call(send, settings, token, 'chat.postEphemeral', {
    channel: settings.channel,
    user,
    text: escaped(text),
  });
}

async function call(
  send: Send,
  settings: SlackSettings,
  token: string,
  method: string,
  body: object,
): Promise<Record<string, unknown>> {
  const { status, body: raw } = await send({
    url: `${settings.apiUrl}/${method}`,
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8', authorization: `Bearer ${token}` },
    body: Buffer.from(JSON.stringify(body)),
    maxMs: SEND_MAX_MS,
  });
  if (status !== 200) throw new Error(`${method} was answered with ${status}`);
  const answer = JSON.parse(raw.toString('utf8')) as Record<string, unknown>; // cast: looked at member by member
  if (answer.ok !== true) throw new Error(`${method}: ${String(answer.error).slice(0, 100)}`);
  return answer;
}

/** What a press of a button says, once its signature has been checked. @throws NotifyError */
export function fromSlack(name: string, settings: SlackSettings, body: Buffer): Incoming {
  const payload = new URLSearchParams(body.toString('utf8')).get('payload');
  const told = readJson(payload ?? '');
  const [action] = Array.isArray(told?.actions) ? told.actions : [];
  const user = memberOf(told?.user, 'id');
  const effect = memberOf(action, 'action_id');
  const [approval = '', digest = ''] = (memberOf(action, 'value') ?? '').split(' ');
  if (told?.type !== 'block_actions' || user === undefined || (effect !== 'approve' && effect !== 'deny')) {
    throw new NotifyError('malformed', 'This is no press of one of our buttons.');
  }
  const account = Object.hasOwn(settings.people, user) ? settings.people[user] : undefined;
  if (account === undefined) {
    throw new NotifyError('unmapped', `The Slack user ${user.slice(0, 40)} is no account here.`);
  }
  return {
    notification: name,
    account,
    user,
    approval,
    digest,
    effect,
    ...(effect === 'deny' ? { reason: 'denied in Slack' } : {}),
  };
}

function readJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined; // cast: it is an object
  } catch {
    return undefined;
  }
}

function memberOf(value: unknown, name: string): string | undefined {
  if (typeof value !== 'object' || value === null || !(name in value)) return undefined;
  const member = (value as Record<string, unknown>)[name]; // cast: it has just been seen to have it
  return typeof member === 'string' ? member : undefined;
}

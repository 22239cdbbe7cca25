import type { McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import type { Bank } from '../database.ts';
import { BankError } from '../errors.ts';
import { formatMinor } from '../money.ts';
import { accountId, answer, guarded } from './answer.ts';

const card = z.object({
  card_id: z.string(),
  scheme: z.string(),
  card_number: z.string(),
  card_holder: z.string(),
  expires: z.string(),
  status: z.enum(['active', 'blocked']),
});

const account = z.object({
  account_id: z.string(),
  customer_id: z.string(),
  customer_name: z.string(),
  iban: z.string(),
  product: z.string(),
  currency: z.string(),
  balance_minor: z.int(),
  status: z.enum(['open', 'frozen', 'closed']),
  opened_on: z.string(),
  cards: z.array(card),
});
type AccountRow = Omit<z.infer<typeof account>, 'cards'>;

const ACCOUNT = `
  select account_id, customer_id, c.name as customer_name, iban, product, currency, balance_minor, status, opened_on
    from accounts join customers c using (customer_id)
   where account_id = $1`;
const CARDS = `select card_id, scheme, card_number, card_holder, expires, status from cards where account_id = $1 order by card_id`;

/** `get_account`: one account with its owner, balance and cards. */
export function registerGetAccount(server: McpServer, bank: Bank): void {
  server.registerTool(
    'get_account',
    {
      title: 'Get account',
      description:
        'Shows one account: owner, IBAN, balance in minor units, status and cards. Synthetic data.',
      inputSchema: z.strictObject({ account_id: accountId }),
      outputSchema: account,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    guarded(async ({ account_id }) => {
      const [row] = await bank.rows<AccountRow>(ACCOUNT, [account_id]);
      if (row === undefined) throw new BankError('not_found', `There is no account ${account_id}.`);
      const cards = await bank.rows<z.infer<typeof card>>(CARDS, [account_id]);
      const lines = [
        `${row.account_id} (${row.product}, ${row.status}) of ${row.customer_name}, ${row.customer_id}`,
        `IBAN ${row.iban}, balance ${formatMinor(row.balance_minor, row.currency)}, opened ${row.opened_on}`,
        ...cards.map(
          (each) =>
            `${each.card_id} ${each.scheme} ${each.card_number}, expires ${each.expires}, ${each.status}`,
        ),
      ];
      return answer(lines.join('\n'), { ...row, cards });
    }),
  );
}

/** `close_account`: for good; only an open account without a balance. */
export function registerCloseAccount(server: McpServer, bank: Bank): void {
  server.registerTool(
    'close_account',
    {
      title: 'Close account',
      description:
        'Closes an account for good and blocks its cards. The balance must be zero. Synthetic data.',
      inputSchema: z.strictObject({
        account_id: accountId,
        reason: z.string().trim().min(3).max(200).describe('Why the account is closed, for the file'),
      }),
      outputSchema: z.object({
        account_id: z.string(),
        status: z.literal('closed'),
        closed_at: z.string(),
        cards_blocked: z.int(),
      }),
      annotations: {
        readOnlyHint: false,
        destructiveHint: true,
        idempotentHint: false,
        openWorldHint: false,
      },
    },
    guarded(async ({ account_id, reason }) => {
      const closed = await bank.transaction(async (client) => {
        const found = await client.query<{ status: string; balance_minor: number; currency: string }>(
          'select status, balance_minor, currency from accounts where account_id = $1 for update',
          [account_id],
        );
        const row = found.rows[0];
        if (row === undefined) throw new BankError('not_found', `There is no account ${account_id}.`);
        if (row.status !== 'open')
          throw new BankError(
            'refused',
            `Account ${account_id} is ${row.status}; only an open account can be closed.`,
          );
        if (row.balance_minor !== 0) {
          const balance = formatMinor(row.balance_minor, row.currency);
          throw new BankError(
            'refused',
            `Account ${account_id} holds ${balance}. Move the balance first with transfer_funds.`,
          );
        }
        const updated = await client.query<{ closed_at: Date }>(
          `update accounts set status = 'closed', closed_at = now(), closed_reason = $2 where account_id = $1 returning closed_at`,
          [account_id, reason],
        );
        const cards = await client.query(
          `update cards set status = 'blocked' where account_id = $1 and status = 'active'`,
          [account_id],
        );
        return {
          closedAt: updated.rows[0]?.closed_at.toISOString() ?? '',
          cardsBlocked: cards.rowCount ?? 0,
        };
      });
      return answer(`Account ${account_id} is closed; ${closed.cardsBlocked} cards blocked.`, {
        account_id,
        status: 'closed',
        closed_at: closed.closedAt,
        cards_blocked: closed.cardsBlocked,
      });
    }),
  );
}

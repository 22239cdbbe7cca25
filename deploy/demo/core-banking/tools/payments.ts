import type { McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import type { Bank } from '../database.ts';
import { BankError } from '../errors.ts';
import { PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX } from '../limits.ts';
import { formatMinor } from '../money.ts';
import { accountId, answer, calendarDay, guarded } from './answer.ts';

const payment = z.object({
  payment_id: z.string(),
  direction: z.enum(['debit', 'credit']),
  amount_minor: z.int(),
  currency: z.string(),
  counterparty_name: z.string(),
  counterparty_iban: z.string(),
  reference: z.string(),
  booked_at: z.string(),
});
type PaymentRow = Omit<z.infer<typeof payment>, 'booked_at'> & { booked_at: Date };

// Keyset by the index (account, time, id), so that a page costs the same wherever it is.
const PAGE = `
  select payment_id, direction, amount_minor, currency, counterparty_name, counterparty_iban, reference, booked_at
    from payments
   where account_id = $1
     and ($2::date is null or booked_at >= $2::date)
     and ($3::date is null or booked_at < $3::date + 1)
     and ($4::text is null or (booked_at, payment_id) < (select booked_at, payment_id from payments where payment_id = $4))
   order by booked_at desc, payment_id desc
   limit $5`;

/** `list_payments`: an account's payments, newest first, by pages. */
export function registerListPayments(server: McpServer, bank: Bank): void {
  server.registerTool(
    'list_payments',
    {
      title: 'List payments',
      description:
        'Lists payments of one account, newest first, optionally between two days (inclusive). Synthetic data.',
      inputSchema: z.strictObject({
        account_id: accountId,
        from: calendarDay.optional().describe('First day, 2026-01-01'),
        to: calendarDay.optional().describe('Last day, inclusive'),
        after: z
          .string()
          .regex(/^PAY-\d{8}$/)
          .optional()
          .describe('Continue after this payment id, from next of the page before'),
        limit: z.int().min(1).max(PAGE_ROWS_MAX).default(PAGE_ROWS_DEFAULT),
      }),
      outputSchema: z.object({
        account_id: z.string(),
        payments: z.array(payment),
        next: z.string().nullable(),
      }),
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    guarded(async ({ account_id, from, to, after, limit }) => {
      const known = await bank.rows('select 1 from accounts where account_id = $1', [account_id]);
      if (known.length === 0) throw new BankError('not_found', `There is no account ${account_id}.`);
      const rows = await bank.rows<PaymentRow>(PAGE, [
        account_id,
        from ?? null,
        to ?? null,
        after ?? null,
        limit + 1,
      ]);
      const payments = rows
        .slice(0, limit)
        .map((row) => ({ ...row, booked_at: row.booked_at.toISOString() }));
      const next = rows.length > limit ? (payments.at(-1)?.payment_id ?? null) : null;
      const lines = payments.map(
        (row) =>
          `${row.booked_at.slice(0, 10)}  ${row.direction === 'debit' ? '-' : '+'}${formatMinor(row.amount_minor, row.currency)}  ` +
          `${row.counterparty_name}, ${row.counterparty_iban}, ${row.reference} (${row.payment_id})`,
      );
      const head =
        payments.length === 0
          ? `No payments of ${account_id} in that time.`
          : `${payments.length} payments of ${account_id}:`;
      const tail = next === null ? [] : [`There are more: call again with after = ${next}.`];
      return answer([head, ...lines, ...tail].join('\n'), { account_id, payments, next });
    }),
  );
}

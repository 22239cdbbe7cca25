import type { McpServer } from '@modelcontextprotocol/server';
import type { ClientBase } from 'pg';
import * as z from 'zod';
import type { Bank } from '../database.ts';
import { BankError } from '../errors.ts';
import { TRANSFER_MINOR_MAX } from '../limits.ts';
import { formatMinor } from '../money.ts';
import { accountId, answer, guarded, minorUnits } from './answer.ts';

interface Side {
  account_id: string;
  iban: string;
  name: string;
  currency: string;
  balance_minor: number;
  status: string;
}

interface Transfer {
  from_account: string;
  to_account: string;
  amount_minor: number;
  reference: string;
}

/** `transfer_funds`: between two accounts of the bank, in one transaction. */
export function registerTransferFunds(server: McpServer, bank: Bank): void {
  server.registerTool(
    'transfer_funds',
    {
      title: 'Transfer funds',
      description:
        'Moves money between two accounts of this bank in the same currency. Really booked, on synthetic accounts.',
      inputSchema: z.strictObject({
        from_account: accountId,
        to_account: accountId,
        amount_minor: minorUnits.min(1).max(TRANSFER_MINOR_MAX),
        reference: z.string().trim().min(1).max(140),
      }),
      outputSchema: z.object({
        debit_payment_id: z.string(),
        credit_payment_id: z.string(),
        from_account: z.string(),
        to_account: z.string(),
        amount_minor: z.int(),
        currency: z.string(),
        balance_after_minor: z.int(),
        booked_at: z.string(),
      }),
      annotations: {
        readOnlyHint: false,
        destructiveHint: true,
        idempotentHint: false,
        openWorldHint: false,
      },
    },
    guarded(async (transfer) => {
      if (transfer.from_account === transfer.to_account) {
        throw new BankError('refused', 'from_account and to_account are the same account.');
      }
      const booked = await bank.transaction((client) => book(client, transfer));
      const { from_account, to_account, amount_minor } = transfer;
      return answer(
        `${formatMinor(amount_minor, booked.currency)} moved from ${from_account} to ${to_account} (${booked.debit_payment_id}). ` +
          `${from_account} now holds ${formatMinor(booked.balance_after_minor, booked.currency)}.`,
        { from_account, to_account, amount_minor, ...booked },
      );
    }),
  );
}

async function book(client: ClientBase, transfer: Transfer) {
  const { from, to } = await lockSides(client, transfer);
  if (from.currency !== to.currency) {
    throw new BankError(
      'refused',
      `${from.account_id} is in ${from.currency} and ${to.account_id} in ${to.currency}; both must be the same.`,
    );
  }
  for (const side of [from, to]) {
    if (side.status !== 'open')
      throw new BankError('refused', `Account ${side.account_id} is ${side.status}.`);
  }
  if (from.balance_minor < transfer.amount_minor) {
    throw new BankError(
      'refused',
      `${from.account_id} holds ${formatMinor(from.balance_minor, from.currency)}, less than ${formatMinor(transfer.amount_minor, from.currency)}.`,
    );
  }
  const after = await client.query<{ balance_minor: number }>(
    'update accounts set balance_minor = balance_minor - $2 where account_id = $1 returning balance_minor',
    [from.account_id, transfer.amount_minor],
  );
  await client.query('update accounts set balance_minor = balance_minor + $2 where account_id = $1', [
    to.account_id,
    transfer.amount_minor,
  ]);
  const debit = await insertPayment(client, 'debit', from, to, transfer);
  const credit = await insertPayment(client, 'credit', to, from, transfer);
  return {
    debit_payment_id: debit.payment_id,
    credit_payment_id: credit.payment_id,
    currency: from.currency,
    balance_after_minor: after.rows[0]?.balance_minor ?? 0,
    booked_at: debit.booked_at.toISOString(),
  };
}

/** Locks both accounts in the order of their ids, so that two opposite transfers cannot wait for each other. */
async function lockSides(client: ClientBase, transfer: Transfer): Promise<{ from: Side; to: Side }> {
  const found = await client.query<Side>(
    `select a.account_id, a.iban, c.name, a.currency, a.balance_minor, a.status
       from accounts a join customers c using (customer_id)
      where a.account_id = any($1) order by a.account_id for update of a`,
    [[transfer.from_account, transfer.to_account]],
  );
  const side = (id: string): Side => {
    const row = found.rows.find((each) => each.account_id === id);
    if (row === undefined) throw new BankError('not_found', `There is no account ${id}.`);
    return row;
  };
  return { from: side(transfer.from_account), to: side(transfer.to_account) };
}

async function insertPayment(
  client: ClientBase,
  direction: 'debit' | 'credit',
  own: Side,
  other: Side,
  transfer: Transfer,
) {
  const inserted = await client.query<{ payment_id: string; booked_at: Date }>(
    `insert into payments (payment_id, account_id, direction, amount_minor, currency, counterparty_name, counterparty_iban, reference, booked_at)
     values ('PAY-' || nextval('payment_number'), $1, $2, $3, $4, $5, $6, $7, now())
     returning payment_id, booked_at`,
    [
      own.account_id,
      direction,
      transfer.amount_minor,
      own.currency,
      other.name,
      other.iban,
      transfer.reference,
    ],
  );
  const row = inserted.rows[0];
  if (row === undefined) throw new BankError('query_failed', 'The payment was not booked.');
  return row;
}

import type { McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import type { Bank } from '../database.ts';
import { BankError } from '../errors.ts';
import { STATEMENT_LINES_MAX } from '../limits.ts';
import { decimalMinor } from '../money.ts';
import { accountId, calendarDay, guarded } from './answer.ts';

interface Line {
  booked_at: Date;
  payment_id: string;
  direction: 'debit' | 'credit';
  amount_minor: number;
  currency: string;
  counterparty_name: string;
  counterparty_iban: string;
  reference: string;
}

const LINES = `
  select booked_at, payment_id, direction, amount_minor, currency, counterparty_name, counterparty_iban, reference
    from payments
   where account_id = $1 and booked_at >= $2::date and booked_at < $3::date + 1
   order by booked_at, payment_id
   limit ${STATEMENT_LINES_MAX + 1}`;

const COLUMNS = [
  'booked_at',
  'payment_id',
  'amount',
  'currency',
  'counterparty',
  'counterparty_iban',
  'reference',
] as const;

/** `export_statement`: the account's payments as CSV in an embedded resource. */
export function registerExportStatement(server: McpServer, bank: Bank): void {
  server.registerTool(
    'export_statement',
    {
      title: 'Export statement',
      description:
        'Exports the payments of an account between two days (inclusive) as a CSV file, as an embedded resource. Synthetic data.',
      inputSchema: z.strictObject({ account_id: accountId, from: calendarDay, to: calendarDay }),
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    guarded(async ({ account_id, from, to }) => {
      if (from > to) throw new BankError('refused', `from (${from}) is after to (${to}).`);
      const [account] = await bank.rows<{ iban: string }>('select iban from accounts where account_id = $1', [
        account_id,
      ]);
      if (account === undefined) throw new BankError('not_found', `There is no account ${account_id}.`);
      const lines = await bank.rows<Line>(LINES, [account_id, from, to]);
      if (lines.length > STATEMENT_LINES_MAX) {
        throw new BankError(
          'refused',
          `That is more than ${STATEMENT_LINES_MAX} payments; ask for a shorter time.`,
        );
      }
      return {
        content: [
          {
            type: 'text' as const,
            text: `Statement of ${account_id} (${account.iban}), ${from} to ${to}: ${lines.length} payments.`,
          },
          {
            type: 'resource' as const,
            resource: {
              uri: `core-banking://statements/${account_id}/${from}_${to}.csv`,
              mimeType: 'text/csv',
              text: toCsv(lines),
            },
          },
        ],
      };
    }),
  );
}

/** RFC 4180, with a header line. */
function toCsv(lines: readonly Line[]): string {
  const rows = lines.map((line) => [
    line.booked_at.toISOString(),
    line.payment_id,
    decimalMinor(line.direction === 'debit' ? -line.amount_minor : line.amount_minor),
    line.currency,
    line.counterparty_name,
    line.counterparty_iban,
    line.reference,
  ]);
  return [COLUMNS, ...rows]
    .map((row) => row.map(quote).join(','))
    .join('\r\n')
    .concat('\r\n');
}

function quote(value: string): string {
  // A reference is free text: a leading =, + or @ would be a formula in a spreadsheet (amounts keep their minus).
  const harmless = /^[=+@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

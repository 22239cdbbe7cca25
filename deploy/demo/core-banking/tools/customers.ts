import type { McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import type { Bank } from '../database.ts';
import { PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX } from '../limits.ts';
import { answer, guarded } from './answer.ts';

const customer = z.object({
  customer_id: z.string(),
  kind: z.enum(['person', 'company']),
  name: z.string(),
  email: z.string(),
  phone: z.string(),
  date_of_birth: z.string().nullable(),
  ssn: z.string().nullable(),
  town: z.string(),
  country: z.string(),
  risk_rating: z.enum(['low', 'medium', 'high']),
  accounts: z.array(z.string()),
});
type CustomerRow = z.infer<typeof customer>;

const SEARCH = `
  select customer_id, kind, name, email, phone, date_of_birth, ssn, town, country, risk_rating,
         array(select account_id from accounts a where a.customer_id = c.customer_id order by account_id) as accounts
    from customers c
   where (name ilike $1 escape '\\' or email ilike $1 escape '\\' or customer_id ilike $1 escape '\\' or town ilike $1 escape '\\')
     and ($2::text is null or kind = $2)
   order by customer_id
   limit $3`;

/** `search_customers`: by part of the name, e-mail address, town or id. */
export function registerSearchCustomers(server: McpServer, bank: Bank): void {
  server.registerTool(
    'search_customers',
    {
      title: 'Search customers',
      description:
        'Finds customers by a part of their name, e-mail address, town or customer id. Synthetic data.',
      inputSchema: z.strictObject({
        query: z
          .string()
          .trim()
          .min(1)
          .max(100)
          .describe('Part of the name, e-mail address, town or customer id'),
        kind: z.enum(['person', 'company']).optional(),
        limit: z.int().min(1).max(PAGE_ROWS_MAX).default(PAGE_ROWS_DEFAULT),
      }),
      outputSchema: z.object({ customers: z.array(customer), truncated: z.boolean() }),
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    guarded(async ({ query, kind, limit }) => {
      const pattern = `%${query.replace(/[\\%_]/g, '\\$&')}%`;
      // One row more than asked tells whether there are more.
      const rows = await bank.rows<CustomerRow>(SEARCH, [pattern, kind ?? null, limit + 1]);
      const customers = rows.slice(0, limit);
      const truncated = rows.length > limit;
      const lines = customers.map(
        (row) =>
          `${row.customer_id}  ${row.name} (${row.kind}, ${row.town} ${row.country}), ${row.email}, ${row.phone}` +
          `${row.ssn === null ? '' : `, SSN ${row.ssn}`}; accounts ${row.accounts.join(', ')}`,
      );
      const head = customers.length === 0 ? `No customer matches "${query}".` : `${customers.length} found:`;
      const tail = truncated ? ['There are more; narrow the query or raise limit.'] : [];
      return answer([head, ...lines, ...tail].join('\n'), { customers, truncated });
    }),
  );
}

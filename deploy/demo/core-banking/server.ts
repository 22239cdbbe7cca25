import { McpServer } from '@modelcontextprotocol/server';
import type { Bank } from './database.ts';
import { registerCloseAccount, registerGetAccount } from './tools/accounts.ts';
import { registerSearchCustomers } from './tools/customers.ts';
import { registerListPayments } from './tools/payments.ts';
import { registerRunQuery } from './tools/query.ts';
import { registerExportStatement } from './tools/statement.ts';
import { registerTransferFunds } from './tools/transfer.ts';

/** One MCP server object over the bank; both eras and both transports are served from this one definition. */
export function createBankServer(bank: Bank): McpServer {
  const server = new McpServer(
    { name: 'core-banking', title: 'Core banking (synthetic)', version: '0.1.0' },
    {
      capabilities: { tools: {} },
      instructions:
        'A synthetic bank. Amounts are integers in minor units (pence, cents). Find customers first, then their accounts by id.',
    },
  );
  registerSearchCustomers(server, bank);
  registerGetAccount(server, bank);
  registerListPayments(server, bank);
  registerRunQuery(server, bank);
  registerTransferFunds(server, bank);
  registerExportStatement(server, bank);
  registerCloseAccount(server, bank);
  return server;
}

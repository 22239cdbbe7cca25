import { vectors } from './vectors.ts';

vectors('account', {
  found: ['account number 12345678', 'acct no. 000123456789', 'Account: 12-3456-7890', 'account # 1234567'],
  left: [
    '12345678',
    'account balance 1234567.89',
    'account opened 2024-01-02',
    'order 12345678',
    'account 12345',
    'account_id: 12345678',
  ],
});

import type { Command } from 'commander';
import { segment } from '../api-client.ts';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { readDuration } from '../duration.ts';
import { say, sayJson, sayTable } from '../output.ts';

interface TokenAnswer {
  id: string;
  serviceAccount: string;
  createdAt: string;
  createdBy: string;
  expiresAt: string;
  revokedAt?: string;
}

interface CreatedAnswer extends TokenAnswer {
  token: string;
  changes: { kind: string; name: string; effect: 'create' | 'update' }[];
}

interface CreateOptions extends JsonOption {
  name: string;
  group?: string[];
  role?: string[];
  expires: number;
}

/** `token`: tokens of service accounts. */
export function addTokenCommands(program: Command): void {
  const token = program
    .command('token')
    .summary('create, list and revoke tokens of service accounts')
    .addHelpText('after', example('token create --name reporting --group engineers --expires 30d'));
  token
    .command('create')
    .summary('create a token')
    .description(
      'Creates a token, and its service account, groups and roles where they are missing. The token is shown once.',
    )
    .requiredOption('--name <name>', 'service account')
    .option('--group <group...>', 'groups it must be in')
    .option(
      '--role <role...>',
      'roles it must have: administrator, policy-author, approver, auditor, operator, user',
    )
    .requiredOption('--expires <duration>', 'how long it is valid: 90s, 15m, 12h, 30d', readDuration)
    .option(...JSON_OPTION)
    .addHelpText('after', example('token create --name reporting --group engineers --expires 30d --json'))
    .action(async (options: CreateOptions, command: Command) => {
      const created = await connect(command).post<CreatedAnswer>('/tokens', {
        serviceAccount: options.name,
        groups: options.group ?? [],
        roles: options.role ?? [],
        expiresInSeconds: options.expires,
      });
      if (options.json) return sayJson(created);
      for (const { kind, name, effect } of created.changes) say(`${effect}d ${kind}/${name}`);
      say(`Created token ${created.id} for ${created.serviceAccount}, valid until ${created.expiresAt}.`);
      say('Keep it safe; it is not shown again:');
      say(created.token);
    });
  token
    .command('list')
    .summary('list tokens, never their texts')
    .option(...JSON_OPTION)
    .addHelpText('after', example('token list --json'))
    .action(async (options: JsonOption, command: Command) => {
      const tokens = await connect(command).all<TokenAnswer>('/tokens');
      if (options.json) return sayJson(tokens);
      sayTable(
        ['ID', 'SERVICE ACCOUNT', 'EXPIRES', 'CREATED BY', 'REVOKED'],
        tokens.map((each) => [
          each.id,
          each.serviceAccount,
          each.expiresAt,
          each.createdBy,
          each.revokedAt ?? '',
        ]),
        'There are no tokens.',
      );
    });
  token
    .command('revoke <id>')
    .summary('revoke a token at once')
    .option(...JSON_OPTION)
    .addHelpText('after', example('token revoke tok_0123456789ABCDEFGHJK'))
    .action(async (id: string, options: JsonOption, command: Command) => {
      const revoked = await connect(command).delete<TokenAnswer>(`/tokens/${segment(id)}`);
      if (options.json) return sayJson(revoked);
      say(`Token ${revoked.id} of ${revoked.serviceAccount} is revoked since ${revoked.revokedAt ?? 'now'}.`);
    });
}

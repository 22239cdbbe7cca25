/** Risks in ascending order. */
export const SQL_RISKS = ['read', 'bulk', 'write', 'destroy', 'outside'] as const;
/**
 * `read`: rows picked by a condition, a limit or an aggregate. `bulk`: rows without a bound. `write`: rows changed under a
 * condition or added; locks; settings; functions that aren't known. `destroy`: all rows of a table, structure,
 * privileges; code or statements that the text only names. `outside`: files, programs, other servers, code that runs
 * later or unseen, another role; and every text that can't be read.
 */
export type SqlRisk = (typeof SQL_RISKS)[number];

/** A kind of statement that has no rows to look into: what it is called and does. */
export interface Utility {
  readonly kind: string;
  readonly risk: SqlRisk;
  readonly marks?: readonly ('ddl' | 'privileges' | 'transaction' | 'locks')[];
}

/**
 * Statements by the grammar's name. One that isn't here, and isn't read by `utilities.ts or queries.ts`, is `outside`: what a new
 * Postgres can do is not guessed.
 */
export const UTILITIES: ReadonlyMap<string, Utility> = new Map([
  ...utilities('read', [], 'VariableShowStmt:show'),
  ...utilities('read', ['transaction'], 'TransactionStmt:transaction'),
  ...utilities('bulk', [], 'FetchStmt:fetch'),
  ...utilities(
    'write',
    [],
    'ClosePortalStmt:close DeallocateStmt:deallocate DiscardStmt:discard ListenStmt:listen UnlistenStmt:unlisten',
    'NotifyStmt:notify VacuumStmt:vacuum RefreshMatViewStmt:refresh CheckPointStmt:checkpoint ConstraintsSetStmt:set',
  ),
  ...utilities('write', ['locks'], 'LockStmt:lock'),
  ...utilities('destroy', [], 'ExecuteStmt:execute TruncateStmt:truncate'),
  ...utilities(
    'destroy',
    ['ddl'],
    'CreateStmt:create ViewStmt:create IndexStmt:create CreateSeqStmt:create CreateSchemaStmt:create',
    'CreateDomainStmt:create CompositeTypeStmt:create CreateEnumStmt:create CreateRangeStmt:create DefineStmt:create',
    'CreateStatsStmt:create CreateConversionStmt:create CreateOpClassStmt:create CreateOpFamilyStmt:create',
    'AlterTableStmt:alter AlterDomainStmt:alter AlterEnumStmt:alter AlterSeqStmt:alter AlterTypeStmt:alter',
    'AlterStatsStmt:alter AlterObjectSchemaStmt:alter AlterObjectDependsStmt:alter AlterOwnerStmt:alter',
    'AlterOperatorStmt:alter AlterOpFamilyStmt:alter AlterCollationStmt:alter AlterTableMoveAllStmt:alter',
    'AlterTSConfigurationStmt:alter AlterTSDictionaryStmt:alter RenameStmt:alter CommentStmt:comment',
    'DropStmt:drop ReindexStmt:reindex ClusterStmt:cluster SecLabelStmt:label AlterDatabaseRefreshCollStmt:alter',
  ),
  ...utilities(
    'destroy',
    ['ddl', 'privileges'],
    'GrantStmt:grant GrantRoleStmt:grant AlterDefaultPrivilegesStmt:grant ReassignOwnedStmt:alter DropOwnedStmt:drop',
    'CreateRoleStmt:create AlterRoleStmt:alter AlterRoleSetStmt:alter DropRoleStmt:drop CreatePolicyStmt:create',
    'AlterPolicyStmt:alter',
  ),
  ...utilities('outside', [], 'DoStmt:do LoadStmt:load'),
  ...utilities(
    'outside',
    ['ddl'],
    'CreateFunctionStmt:create AlterFunctionStmt:alter CreateTrigStmt:create CreateEventTrigStmt:create',
    'AlterEventTrigStmt:alter RuleStmt:create CreatePLangStmt:create CreateCastStmt:create CreateTransformStmt:create',
    'CreateAmStmt:create CreateExtensionStmt:create AlterExtensionStmt:alter AlterExtensionContentsStmt:alter',
    'CreateFdwStmt:create AlterFdwStmt:alter CreateForeignServerStmt:create AlterForeignServerStmt:alter',
    'CreateForeignTableStmt:create ImportForeignSchemaStmt:import CreateUserMappingStmt:create',
    'AlterUserMappingStmt:alter DropUserMappingStmt:drop CreateSubscriptionStmt:create AlterSubscriptionStmt:alter',
    'DropSubscriptionStmt:drop CreatePublicationStmt:create AlterPublicationStmt:alter CreateTableSpaceStmt:create',
    'DropTableSpaceStmt:drop AlterTableSpaceOptionsStmt:alter CreatedbStmt:create DropdbStmt:drop',
    'AlterDatabaseStmt:alter AlterDatabaseSetStmt:alter AlterSystemStmt:alter',
  ),
]);

function utilities(risk: SqlRisk, marks: Utility['marks'], ...lists: string[]): [string, Utility][] {
  return lists
    .join(' ')
    .split(' ')
    .map((entry) => {
      const [name = '', kind = ''] = entry.split(':');
      return [name, { kind, risk, ...(marks === undefined ? {} : { marks }) }];
    });
}

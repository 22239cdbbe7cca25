/** What calling a function may do beyond computing a value from its arguments. */
export type FunctionEffect = 'none' | 'bulk' | 'write' | 'role' | 'outside';

// Functions of Postgres that compute from their arguments, or tell about the session or the catalog.
const HARMLESS = words(`
  abs acos acosd age any_value array_agg array_append array_cat array_dims array_fill array_length array_lower array_ndims
  array_position array_positions array_prepend array_remove array_replace array_reverse array_sample array_shuffle
  array_sort array_to_json array_to_string array_upper ascii asin asind atan atan2 atan2d atand avg bit_and bit_count
  bit_length bit_or bit_xor bool_and bool_or bpchar broadcast btrim cardinality cbrt ceil ceiling char_length
  character_length chr clock_timestamp coalesce col_description concat concat_ws convert convert_from convert_to corr cos
  cosd cot cotd count covar_pop covar_samp crc32 crc32c cume_dist current_catalog current_database current_query
  current_schema current_schemas current_setting current_user date date_add date_bin date_part date_subtract date_trunc
  decode degrees dense_rank digest div encode enum_first enum_last enum_range every exp extract factorial family first_value
  float4 float8 floor format format_type gamma gcd gen_random_uuid generate_series generate_subscripts get_bit get_byte
  get_current_ts_config greatest grouping has_any_column_privilege has_column_privilege has_database_privilege
  has_function_privilege has_schema_privilege has_sequence_privilege has_table_privilege hashtext host hostmask inet_client_addr
  inet_client_port inet_merge inet_same_family inet_server_addr inet_server_port initcap int2 int4 int8 is_normalized isempty
  isfinite json_agg json_agg_strict json_array_elements json_array_elements_text json_array_length json_build_array
  json_build_object json_each json_each_text json_extract_path json_extract_path_text json_object json_object_agg
  json_object_keys json_populate_record json_populate_recordset json_strip_nulls json_to_record json_to_recordset
  json_typeof jsonb_agg jsonb_agg_strict jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array
  jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object
  jsonb_object_agg jsonb_object_keys jsonb_path_exists jsonb_path_match jsonb_path_query jsonb_path_query_array
  jsonb_path_query_first jsonb_populate_record jsonb_populate_recordset jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls
  jsonb_to_record jsonb_to_recordset jsonb_typeof justify_days justify_hours justify_interval lag last_value lcm lead least
  left length lgamma like_escape ln localtime localtimestamp log log10 lower lower_inc lower_inf lpad ltrim make_date make_interval
  make_time make_timestamp make_timestamptz masklen max md5 min min_scale mod mode multirange netmask network normalize now nth_value
  ntile nullif num_nonnulls num_nulls numeric obj_description octet_length overlaps overlay parse_ident percent_rank
  percentile_cont percentile_disc pg_backend_pid pg_client_encoding pg_column_size pg_database_size pg_encoding_to_char
  pg_get_constraintdef pg_get_expr pg_get_functiondef pg_get_indexdef pg_get_keywords pg_get_serial_sequence pg_get_triggerdef
  pg_get_userbyid pg_get_viewdef pg_has_role pg_indexes_size pg_is_in_recovery pg_my_temp_schema pg_postmaster_start_time
  pg_relation_size pg_size_bytes pg_size_pretty pg_table_is_visible pg_table_size pg_tablespace_size pg_total_relation_size
  pg_typeof phraseto_tsquery pi plainto_tsquery position power quote_ident quote_literal quote_nullable radians random
  random_normal range_agg range_merge rank regexp_count regexp_instr regexp_like regexp_match regexp_matches regexp_replace
  regexp_split_to_array regexp_split_to_table regexp_substr regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope
  regr_sxx regr_sxy regr_syy repeat replace reverse right round row_number row_to_json rpad rtrim scale session_user
  set_bit set_byte setseed setweight sha224 sha256 sha384 sha512 shobj_description sign sin sind split_part sqrt starts_with
  statement_timestamp stddev stddev_pop stddev_samp string_agg string_to_array string_to_table strip strpos substr substring sum
  table_to_xmlschema tan tand text timeofday timestamp timezone to_ascii to_bin to_char to_date to_hex to_json to_jsonb to_number
  to_oct to_regclass to_regnamespace to_regproc to_regprocedure to_regrole to_regtype to_timestamp to_tsquery to_tsvector
  transaction_timestamp translate trim trim_array trim_scale trunc ts_delete ts_filter ts_headline ts_lexize ts_rank ts_rank_cd
  tsquery_phrase tsvector_to_array txid_current_if_assigned unicode_version unistr unnest upper upper_inc upper_inf uuid_extract_timestamp
  uuid_extract_version uuidv4 uuidv7 var_pop var_samp variance varchar version websearch_to_tsquery width_bucket xmlagg xmlcomment
  xmlconcat xmlexists xpath xpath_exists
`);

// Aggregates that put many rows into one value are in the list above; these make one number of them.
const REDUCING = words('count sum avg min max bool_and bool_or every stddev variance');

// They hand out what no table in the text names, or hold a connection.
const BULK = words(`
  cursor_to_xmlschema database_to_xmlschema lo_get loread pg_sleep pg_sleep_for pg_sleep_until schema_to_xmlschema
`);

const WRITE = words(`
  lo_creat lo_create lo_from_bytea lo_open lo_put lo_truncate lo_truncate64 lo_unlink lowrite nextval pg_notify setval
  txid_current pg_current_xact_id
`);

// Files, programs, other servers, the server itself, SQL that isn't in the text.
const OUTSIDE = words(`
  cursor_to_xml cursor_to_xml_and_xmlschema database_to_xml database_to_xml_and_xmlschema lo_export lo_import
  pg_cancel_backend pg_create_restore_point pg_current_logfile pg_execute_server_program pg_export_snapshot pg_file_read
  pg_file_rename pg_file_sync pg_file_unlink pg_file_write pg_hba_file_rules pg_ident_file_mappings pg_import_system_collations
  pg_logdir_ls
  pg_log_backend_memory_contexts pg_promote pg_read_binary_file pg_read_file pg_reload_conf pg_rotate_logfile
  pg_show_all_file_settings pg_start_backup pg_stat_file pg_stop_backup pg_switch_wal pg_terminate_backend pg_wal_replay_pause
  pg_wal_replay_resume pg_backup_start pg_backup_stop query_to_xml query_to_xml_and_xmlschema query_to_xmlschema
  schema_to_xml schema_to_xml_and_xmlschema table_to_xml table_to_xml_and_xmlschema ts_rewrite ts_stat
  http http_get http_post http_put http_patch http_delete http_head
  crosstab crosstab2 crosstab3 crosstab4 connectby xpath_table
`);
const OUTSIDE_PREFIX =
  /^(?:dblink|pg_ls_|pg_logical_|pg_replication_|pg_create_|pg_drop_|pg_copy_|pg_restore_|pg_clear_|pg_background|postgres_fdw|plpython|plperl|pljava|file_fdw|http_|lo_import|lo_export|pg_read_|pg_file_|pg_sync_|pg_advisory_file)/;
// Extensions that reach other machines or run programs, by the schema they are installed in.
const OUTSIDE_SCHEMAS = words(
  'net cron aws_s3 aws_lambda aws_commons dblink http pgagent plproxy oracle_fdw',
);
const ROLE_SETTINGS = words('role session_authorization');

/**
 * What calling a function may do. A function that isn't known may do whatever its author wrote: `write`.
 *
 * @param parts its name as parsed: `['pg_catalog', 'lower']`.
 * @param firstArgument the text of its first argument, where that is a constant.
 */
export function functionEffect(parts: readonly string[], firstArgument: string | undefined): FunctionEffect {
  const name = parts.at(-1) ?? '';
  const schema = parts.length > 1 ? parts.at(-2) : undefined;
  if (OUTSIDE.has(name) || OUTSIDE_PREFIX.test(name)) return 'outside';
  if (schema !== undefined && OUTSIDE_SCHEMAS.has(schema)) return 'outside';
  if (name === 'set_config') {
    // A setting that isn't a constant may be the role.
    return firstArgument === undefined || isRoleSetting(firstArgument) ? 'role' : 'write';
  }
  if (name.startsWith('pg_advisory_') || name.startsWith('pg_try_advisory_')) return 'write';
  if (WRITE.has(name)) return 'write';
  if (BULK.has(name)) return 'bulk';
  return HARMLESS.has(name) && (schema === undefined || schema === 'pg_catalog') ? 'none' : 'write';
}

/**
 * What a name may do that stands where a column does: `f.pg_read_file`, `('x'::text).pg_read_file`. Only of functions
 * that are known to do more than compute; undefined for every other name.
 */
export function fieldEffect(name: string): FunctionEffect | undefined {
  const known =
    OUTSIDE.has(name) ||
    OUTSIDE_PREFIX.test(name) ||
    WRITE.has(name) ||
    BULK.has(name) ||
    name === 'set_config' ||
    /^pg_(?:try_)?advisory_/.test(name);
  return known ? functionEffect([name], undefined) : undefined;
}

// Their results have fields, which are named after them: `(json_each(x)).key`.
const ROWS = words(`
  json_each json_each_text jsonb_each jsonb_each_text json_populate_record json_populate_recordset jsonb_populate_record
  jsonb_populate_recordset pg_stat_file
`);

/** Whether a function is known to give rows with fields. */
export function givesRows(parts: readonly string[]): boolean {
  return ROWS.has(parts.at(-1) ?? '') && (parts.length === 1 || parts[0] === 'pg_catalog');
}

/** Whether a function makes one small value of any number of rows. */
export function isReducing(parts: readonly string[]): boolean {
  return REDUCING.has(parts.at(-1) ?? '') && (parts.length === 1 || parts[0] === 'pg_catalog');
}

/** Whether setting a parameter changes who the session acts as. */
export function isRoleSetting(name: string): boolean {
  return ROLE_SETTINGS.has(name.toLowerCase());
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/).filter((word) => word !== ''));
}

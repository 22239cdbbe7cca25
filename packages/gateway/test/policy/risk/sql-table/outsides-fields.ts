import type { Row } from './row.ts';

export const OUTSIDES_FIELDS: Row[] = [
  [
    'SELECT (customers).pg_read_file FROM customers WHERE id = 1',
    'outside',
    'select',
    {
      reads: ['customers'],
      columns: ['*', 'customers', 'id'],
      functions: ['pg_read_file'],
      outside: ['function pg_read_file'],
      hasWhere: true,
    },
  ],
  [
    "SELECT name.pg_read_file FROM (SELECT '/etc/passwd'::text AS name) name",
    'outside',
    'select',
    { columns: ['pg_read_file'], functions: ['pg_read_file'], outside: ['function pg_read_file'] },
  ],
  [
    "SELECT c.pg_ls_dir FROM (SELECT '/'::text) c",
    'outside',
    'select',
    { columns: ['pg_ls_dir'], functions: ['pg_ls_dir'], outside: ['function pg_ls_dir'] },
  ],
  [
    "SELECT ('/etc/passwd'::text).pg_read_file",
    'outside',
    'select',
    { functions: ['pg_read_file'], outside: ['function pg_read_file'] },
  ],
  [
    'SELECT (name).pg_read_file FROM customers WHERE id = 1',
    'outside',
    'select',
    {
      reads: ['customers'],
      columns: ['id', 'name'],
      functions: ['pg_read_file'],
      outside: ['function pg_read_file'],
      hasWhere: true,
    },
  ],
  [
    "SELECT f.pg_read_file FROM unnest(ARRAY['/etc/passwd']) f",
    'outside',
    'select',
    { columns: ['pg_read_file'], functions: ['pg_read_file', 'unnest'], outside: ['function pg_read_file'] },
  ],
  [
    'SELECT f."pg_read_file" FROM unnest(ARRAY[\'/etc/passwd\']) f',
    'outside',
    'select',
    { columns: ['pg_read_file'], functions: ['pg_read_file', 'unnest'], outside: ['function pg_read_file'] },
  ],
  [
    "SELECT (f.f).pg_ls_dir FROM unnest(ARRAY['/']) f",
    'outside',
    'select',
    { columns: ['f'], functions: ['pg_ls_dir', 'unnest'], outside: ['function pg_ls_dir'] },
  ],
  [
    "SELECT (ARRAY['/etc/passwd'])[1].pg_read_file",
    'outside',
    'select',
    { functions: ['pg_read_file'], outside: ['function pg_read_file'] },
  ],
  [
    "SELECT ((SELECT '/etc/passwd'::text)).pg_read_file",
    'outside',
    'select',
    { functions: ['pg_read_file'], outside: ['function pg_read_file'] },
  ],
  [
    "SELECT 1 FROM customers c WHERE c.pg_read_file = 'x' AND c.id = 1",
    'outside',
    'select',
    {
      reads: ['customers'],
      columns: ['id', 'pg_read_file'],
      functions: ['pg_read_file'],
      outside: ['function pg_read_file'],
      hasWhere: true,
    },
  ],
  [
    "SELECT ('role'::text).set_config",
    'outside',
    'select',
    { functions: ['set_config'], outside: ['function set_config'], setsRole: true },
  ],
];

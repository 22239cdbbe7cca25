/** Risks in ascending order. */
export const SHELL_RISKS = ['read', 'write', 'destroy', 'outside'] as const;
/**
 * `read`: only programs that look and print. `write`: files are made or changed. `destroy`: files, file systems or
 * processes are removed. `outside`: the network, another user, programs that run programs, programs that are not known,
 * and every text that can't be read.
 */
export type ShellRisk = (typeof SHELL_RISKS)[number];

/** What a program does with these arguments; an argument that depends on the shell is undefined. */
export interface Effect {
  readonly risk: ShellRisk;
  /** Why, where it is `outside`. */
  readonly because?: string;
}

type Arguments = readonly (string | undefined)[];

const READERS = words(`
  : [ basename break cat cd cksum cmp column comm continue cut declare df diff dirname du echo egrep exit expand expr false
  fgrep fmt fold free getopts grep groups head hexdump id join jobs jq let local ls lscpu md5sum nl nproc od paste popd printf
  ps pushd pwd read readlink realpath return rev seq sha1sum sha224sum sha256sum sha384sum sha512sum shift sleep stat strings
  sum tac tail test tr true type typeset umask uname unset uptime wait wc whereis which whoami
`);
const WRITERS = words('chgrp chmod chown cp csplit install link ln mkdir mkfifo mktemp mv split tee touch');
const DESTROYERS = words(`
  blkdiscard dd fdisk halt kill killall mkswap parted pkill poweroff reboot rm rmdir shred shutdown truncate unlink wipefs
`);
const NETWORK = words(`
  aws curl dig ftp gcloud git host kubectl lftp nc ncat netcat nmap nslookup openssl ping psql mysql redis-cli rsync scp sftp
  socat ssh telnet traceroute wget
`);
const PRIVILEGE = words('chroot doas docker nsenter pkexec podman runuser setpriv su sudo systemctl unshare');
const RUNNERS = words(`
  . alias at awk batch builtin bun busybox command crontab deno env enable eval exec flock gawk hash mawk nawk nice node
  nohup parallel perl php python python2 python3 ruby script setsid source strace stdbuf time timeout trap watch xargs
`);
/** Shells that take a text behind `-c`. */
export const SHELLS = words('ash bash dash ksh mksh rbash sh zsh');

// Where a name without a path would be found as well.
const SYSTEM_FOLDER = /^\/(?:usr\/(?:local\/)?)?s?bin\/(?=[^/]+$)/;

/** The name of a program without the system's folder; a path to elsewhere stays. */
export function programName(command: string): string {
  return command.replace(SYSTEM_FOLDER, '');
}

export function effectOf(program: string, args: Arguments): Effect {
  const special = SPECIAL.get(program);
  if (special !== undefined) return special(args);
  if (READERS.has(program)) return { risk: 'read' };
  if (WRITERS.has(program)) return { risk: 'write' };
  if (DESTROYERS.has(program) || program.startsWith('mkfs')) return { risk: 'destroy' };
  if (NETWORK.has(program)) return outside(`network: ${program}`);
  if (PRIVILEGE.has(program)) return outside(`another user or system: ${program}`);
  if (RUNNERS.has(program) || SHELLS.has(program)) return outside(`runs other programs: ${program}`);
  return outside(`not known: ${program}`);
}

/** Programs that mostly read, and what makes them do more. An argument that isn't constant may be anything. */
const SPECIAL: ReadonlyMap<string, (args: Arguments) => Effect> = new Map([
  ['find', find],
  ['sed', sed],
  ['sort', withOptions(/^(?:-[a-zA-Z]*o|--o)/, /^--co/)],
  ['file', withOptions(/^(?:-[a-zA-Z]*C|--c)/, /^$/)],
  ['date', withOptions(/^$/, /^(?:-[a-zA-Z]*s|--s)/)],
  ['uniq', (args) => operandsOver(args, 1, { risk: 'write' })],
  ['hostname', (args) => operandsOver(args, 0, outside('changes the system: hostname'))],
  ['env', environment],
  ['printenv', environment],
  ['export', environment],
  ['set', (args) => (args.length === 0 ? environment(args) : { risk: 'read' })],
]);

function find(args: Arguments): Effect {
  if (args.some((arg) => arg === undefined)) return outside('options that are not constant: find');
  if (args.some((arg) => /^-(?:exec|ok)/.test(arg ?? ''))) return outside('runs other programs: find');
  if (args.includes('-delete')) return { risk: 'destroy' };
  return { risk: args.some((arg) => /^-f(?:print|ls)/.test(arg ?? '')) ? 'write' : 'read' };
}

// sed can write files (`w`) and run programs (`e`), so only scripts of a plain form are taken for reading.
const PLAIN_SCRIPT =
  /^(?:(?:\d+|\$)(?:,(?:\d+|\$))?[pd]|s([/|,#])(?:(?!\1)[^\\\n]|\\.)*\1(?:(?!\1)[^\\\n]|\\.)*\1[gpiI\d]*)$/;

function sed(args: Arguments): Effect {
  const [script, ...files] = args.filter(
    (arg) => !/^(?:-[nErsuz]+|--quiet|--silent|--posix)$/.test(arg ?? ''),
  );
  if (script !== undefined && /^(?:-[nErsuz]*i|--in-place)/.test(script)) {
    return PLAIN_SCRIPT.test(files[0] ?? '') ? { risk: 'write' } : outside('may run other programs: sed');
  }
  const plain =
    PLAIN_SCRIPT.test(script ?? '') && files.every((file) => file !== undefined && !file.startsWith('-'));
  return plain ? { risk: 'read' } : outside('may run other programs: sed');
}

function environment(args: Arguments): Effect {
  // Names without values only mark variables; anything else prints the environment, which holds credentials, or runs.
  const plain = args.length > 0 && args.every((arg) => /^[A-Za-z_]\w*$/.test(arg ?? ''));
  return plain ? { risk: 'read' } : outside('the environment');
}

function withOptions(writes: RegExp, runs: RegExp): (args: Arguments) => Effect {
  return (args) => {
    if (args.some((arg) => arg === undefined || runs.test(arg))) return outside('options that may do more');
    return { risk: args.some((arg) => writes.test(arg ?? '')) ? 'write' : 'read' };
  };
}

function operandsOver(args: Arguments, most: number, otherwise: Effect): Effect {
  const operands = args.filter((arg) => arg === undefined || !arg.startsWith('-'));
  return operands.length > most || args.includes(undefined) ? otherwise : { risk: 'read' };
}

function outside(because: string): Effect {
  return { risk: 'outside', because };
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/).filter((word) => word !== ''));
}

/** Whether the process was started by a supervisor that it must not outlive (`SALLYPORT_SUPERVISED=1`). */
export function isSupervised(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  return environment.SALLYPORT_SUPERVISED === '1' && process.connected === true;
}

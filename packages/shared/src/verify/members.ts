/** The members of what was read as JSON; whatever is no object has none. */
export function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  // An object that JSON.parse made has no members but its own data.
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

const RELAYED = /^mcp-(method|name|protocol-version|param-[a-z0-9!#$%&'*+.^_`|~-]+)$/;
// Visible ASCII, space and tab: a line break here would add a header of the sender's choice.
const VALUE = /^[\t\x20-\x7e]*$/;

/**
 * The headers of the MCP transport that may travel from a client to a server. The gateway sends no others; the
 * agent does not rely on that, because what reaches its own network is its own business (DESIGN.md §5).
 */
export function relayedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const relayed: Record<string, string> = {};
  for (const name in headers) {
    const lower = name.toLowerCase();
    const value = headers[name];
    if (value !== undefined && RELAYED.test(lower) && VALUE.test(value)) relayed[lower] = value;
  }
  return relayed;
}

#!/bin/sh
# An MCP server of about a megabyte that starts in a millisecond, so that a test can have a thousand of them.
# It knows initialize, tools/list and tools/call, which it answers with nothing; whatever else asks gets "method not found".
while IFS= read -r line; do
  case $line in
    *'"id":'*) ;;
    *) continue ;;
  esac
  id=${line#*'"id":'}
  id=${id%%[,\}]*}
  case $line in
    *'"method":"initialize"'*)
      answer='"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"tiny","version":"1.0.0"}}' ;;
    *'"method":"tools/list"'*)
      answer='"result":{"tools":[{"name":"nothing","inputSchema":{"type":"object"}}]}' ;;
    *'"method":"tools/call"'*)
      answer='"result":{"content":[]}' ;;
    *)
      answer='"error":{"code":-32601,"message":"Method not found"}' ;;
  esac
  printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$answer"
done

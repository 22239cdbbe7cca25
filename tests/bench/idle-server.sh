#!/bin/sh
# An MCP server of about a megabyte, so that a hundred of them can stand idle beside what is measured.
# It knows initialize and an empty list of tools; whatever else asks gets "method not found".
while IFS= read -r line; do
  case $line in
    *'"id":'*) ;;
    *) continue ;;
  esac
  id=${line#*'"id":'}
  id=${id%%[,\}]*}
  case $line in
    *'"method":"initialize"'*)
      answer='"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"idle","version":"1.0.0"}}' ;;
    *'"method":"tools/list"'*)
      answer='"result":{"tools":[]}' ;;
    *)
      answer='"error":{"code":-32601,"message":"Method not found"}' ;;
  esac
  printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$answer"
done

#!/bin/sh
set -eu
CORE_BANKING_DATABASE_URL="postgres://sallyport:$(cat /run/secrets/postgres_password)@postgres:5432/sallyport"
export CORE_BANKING_DATABASE_URL
exec node /app/deploy/demo/core-banking/main.ts --http 3101

#!/bin/sh
# The password stays in its secret: it is in no image, no compose file and no process list.
set -eu
SALLYPORT_DATABASE_URL="postgres://sallyport:$(cat /run/secrets/postgres_password)@postgres:5432/sallyport"
export SALLYPORT_DATABASE_URL
exec node --max-semi-space-size=16 /app/packages/gateway/bin/sallyport-gateway.js "$@"

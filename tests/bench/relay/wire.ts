import { join } from 'node:path';
import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export interface Frame {
  readonly session?: number;
  readonly message?: Buffer;
}

/** The relay's service, for its server (`.service`) and its client (constructor). */
export function loadRelay(): ServiceClientConstructor {
  const loaded = loadPackageDefinition(loadSync(join(import.meta.dirname, 'relay.proto')));
  // What relay.proto declares.
  const bench = (loaded.sallyport as GrpcObject).bench as GrpcObject;
  return bench.Relay as ServiceClientConstructor;
}

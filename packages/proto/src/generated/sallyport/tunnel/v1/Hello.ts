// Original file: sallyport/tunnel/v1/tunnel.proto

import type { Long } from '@grpc/proto-loader';

export interface Hello {
  'protocolMin'?: (number);
  'protocolMax'?: (number);
  'agentVersion'?: (string);
  'bootId'?: (string);
  'features'?: (string)[];
  'liveSessions'?: (string)[];
  'clockMs'?: (number | string | Long);
  'witnessKey'?: (string);
}

export interface Hello__Output {
  'protocolMin': (number);
  'protocolMax': (number);
  'agentVersion': (string);
  'bootId': (string);
  'features': (string)[];
  'liveSessions': (string)[];
  'clockMs': (number);
  'witnessKey': (string);
}

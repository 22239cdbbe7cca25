// Original file: sallyport/tunnel/v1/tunnel.proto

import type { Long } from '@grpc/proto-loader';

export interface ToolDefinitions {
  'number'?: (number | string | Long);
  'payload'?: (Buffer | Uint8Array | string);
  'last'?: (boolean);
  'problem'?: (string);
}

export interface ToolDefinitions__Output {
  'number': (number);
  'payload': (Buffer);
  'last': (boolean);
  'problem': (string);
}

// Original file: sallyport/tunnel/v1/tunnel.proto

import type { MaskingScope as _sallyport_tunnel_v1_MaskingScope, MaskingScope__Output as _sallyport_tunnel_v1_MaskingScope__Output } from '../../../sallyport/tunnel/v1/MaskingScope.ts';

export interface ToServer {
  'exchange'?: (number);
  'callId'?: (string);
  'payload'?: (Buffer | Uint8Array | string);
  'last'?: (boolean);
  'expectsAnswer'?: (boolean);
  'headers'?: ({[key: string]: string});
  'masking'?: (_sallyport_tunnel_v1_MaskingScope | null);
}

export interface ToServer__Output {
  'exchange': (number);
  'callId': (string);
  'payload': (Buffer);
  'last': (boolean);
  'expectsAnswer': (boolean);
  'headers': ({[key: string]: string});
  'masking': (_sallyport_tunnel_v1_MaskingScope__Output | null);
}

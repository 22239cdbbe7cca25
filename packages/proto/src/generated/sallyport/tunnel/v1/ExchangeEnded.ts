// Original file: sallyport/tunnel/v1/tunnel.proto

import type { Delivery as _sallyport_tunnel_v1_Delivery, Delivery__Output as _sallyport_tunnel_v1_Delivery__Output } from '../../../sallyport/tunnel/v1/Delivery.ts';

export interface ExchangeEnded {
  'exchange'?: (number);
  'delivery'?: (_sallyport_tunnel_v1_Delivery);
  'error'?: (string);
  'detail'?: (string);
  'httpStatus'?: (number);
  'errorBody'?: (Buffer | Uint8Array | string);
}

export interface ExchangeEnded__Output {
  'exchange': (number);
  'delivery': (_sallyport_tunnel_v1_Delivery__Output);
  'error': (string);
  'detail': (string);
  'httpStatus': (number);
  'errorBody': (Buffer);
}

// Original file: sallyport/tunnel/v1/tunnel.proto

import type { ServerStatus as _sallyport_tunnel_v1_ServerStatus, ServerStatus__Output as _sallyport_tunnel_v1_ServerStatus__Output } from '../../../sallyport/tunnel/v1/ServerStatus.ts';

export interface Inventory {
  'servers'?: (_sallyport_tunnel_v1_ServerStatus)[];
}

export interface Inventory__Output {
  'servers': (_sallyport_tunnel_v1_ServerStatus__Output)[];
}

// Original file: sallyport/tunnel/v1/tunnel.proto

import type { ToServer as _sallyport_tunnel_v1_ToServer, ToServer__Output as _sallyport_tunnel_v1_ToServer__Output } from '../../../sallyport/tunnel/v1/ToServer.ts';
import type { CancelExchange as _sallyport_tunnel_v1_CancelExchange, CancelExchange__Output as _sallyport_tunnel_v1_CancelExchange__Output } from '../../../sallyport/tunnel/v1/CancelExchange.ts';
import type { OpenListen as _sallyport_tunnel_v1_OpenListen, OpenListen__Output as _sallyport_tunnel_v1_OpenListen__Output } from '../../../sallyport/tunnel/v1/OpenListen.ts';
import type { EndChannel as _sallyport_tunnel_v1_EndChannel, EndChannel__Output as _sallyport_tunnel_v1_EndChannel__Output } from '../../../sallyport/tunnel/v1/EndChannel.ts';

export interface GatewayFrame {
  'toServer'?: (_sallyport_tunnel_v1_ToServer | null);
  'cancelExchange'?: (_sallyport_tunnel_v1_CancelExchange | null);
  'openListen'?: (_sallyport_tunnel_v1_OpenListen | null);
  'endChannel'?: (_sallyport_tunnel_v1_EndChannel | null);
  'kind'?: "toServer"|"cancelExchange"|"openListen"|"endChannel";
}

export interface GatewayFrame__Output {
  'toServer'?: (_sallyport_tunnel_v1_ToServer__Output | null);
  'cancelExchange'?: (_sallyport_tunnel_v1_CancelExchange__Output | null);
  'openListen'?: (_sallyport_tunnel_v1_OpenListen__Output | null);
  'endChannel'?: (_sallyport_tunnel_v1_EndChannel__Output | null);
  'kind'?: "toServer"|"cancelExchange"|"openListen"|"endChannel";
}

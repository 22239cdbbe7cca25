// Original file: sallyport/tunnel/v1/tunnel.proto

import type { Welcome as _sallyport_tunnel_v1_Welcome, Welcome__Output as _sallyport_tunnel_v1_Welcome__Output } from '../../../sallyport/tunnel/v1/Welcome.ts';
import type { Refused as _sallyport_tunnel_v1_Refused, Refused__Output as _sallyport_tunnel_v1_Refused__Output } from '../../../sallyport/tunnel/v1/Refused.ts';
import type { Lease as _sallyport_tunnel_v1_Lease, Lease__Output as _sallyport_tunnel_v1_Lease__Output } from '../../../sallyport/tunnel/v1/Lease.ts';
import type { OpenChannel as _sallyport_tunnel_v1_OpenChannel, OpenChannel__Output as _sallyport_tunnel_v1_OpenChannel__Output } from '../../../sallyport/tunnel/v1/OpenChannel.ts';
import type { EndSession as _sallyport_tunnel_v1_EndSession, EndSession__Output as _sallyport_tunnel_v1_EndSession__Output } from '../../../sallyport/tunnel/v1/EndSession.ts';
import type { Drain as _sallyport_tunnel_v1_Drain, Drain__Output as _sallyport_tunnel_v1_Drain__Output } from '../../../sallyport/tunnel/v1/Drain.ts';
import type { ProbeServer as _sallyport_tunnel_v1_ProbeServer, ProbeServer__Output as _sallyport_tunnel_v1_ProbeServer__Output } from '../../../sallyport/tunnel/v1/ProbeServer.ts';
import type { WitnessRequest as _sallyport_tunnel_v1_WitnessRequest, WitnessRequest__Output as _sallyport_tunnel_v1_WitnessRequest__Output } from '../../../sallyport/tunnel/v1/WitnessRequest.ts';
import type { ReceiptsRequest as _sallyport_tunnel_v1_ReceiptsRequest, ReceiptsRequest__Output as _sallyport_tunnel_v1_ReceiptsRequest__Output } from '../../../sallyport/tunnel/v1/ReceiptsRequest.ts';
import type { MaskingRules as _sallyport_tunnel_v1_MaskingRules, MaskingRules__Output as _sallyport_tunnel_v1_MaskingRules__Output } from '../../../sallyport/tunnel/v1/MaskingRules.ts';
import type { ListTools as _sallyport_tunnel_v1_ListTools, ListTools__Output as _sallyport_tunnel_v1_ListTools__Output } from '../../../sallyport/tunnel/v1/ListTools.ts';

export interface GatewayControl {
  'welcome'?: (_sallyport_tunnel_v1_Welcome | null);
  'refused'?: (_sallyport_tunnel_v1_Refused | null);
  'lease'?: (_sallyport_tunnel_v1_Lease | null);
  'openChannel'?: (_sallyport_tunnel_v1_OpenChannel | null);
  'endSession'?: (_sallyport_tunnel_v1_EndSession | null);
  'drain'?: (_sallyport_tunnel_v1_Drain | null);
  'probeServer'?: (_sallyport_tunnel_v1_ProbeServer | null);
  'witnessRequest'?: (_sallyport_tunnel_v1_WitnessRequest | null);
  'receiptsRequest'?: (_sallyport_tunnel_v1_ReceiptsRequest | null);
  'maskingRules'?: (_sallyport_tunnel_v1_MaskingRules | null);
  'listTools'?: (_sallyport_tunnel_v1_ListTools | null);
  'kind'?: "welcome"|"refused"|"lease"|"openChannel"|"endSession"|"drain"|"probeServer"|"witnessRequest"|"receiptsRequest"|"maskingRules"|"listTools";
}

export interface GatewayControl__Output {
  'welcome'?: (_sallyport_tunnel_v1_Welcome__Output | null);
  'refused'?: (_sallyport_tunnel_v1_Refused__Output | null);
  'lease'?: (_sallyport_tunnel_v1_Lease__Output | null);
  'openChannel'?: (_sallyport_tunnel_v1_OpenChannel__Output | null);
  'endSession'?: (_sallyport_tunnel_v1_EndSession__Output | null);
  'drain'?: (_sallyport_tunnel_v1_Drain__Output | null);
  'probeServer'?: (_sallyport_tunnel_v1_ProbeServer__Output | null);
  'witnessRequest'?: (_sallyport_tunnel_v1_WitnessRequest__Output | null);
  'receiptsRequest'?: (_sallyport_tunnel_v1_ReceiptsRequest__Output | null);
  'maskingRules'?: (_sallyport_tunnel_v1_MaskingRules__Output | null);
  'listTools'?: (_sallyport_tunnel_v1_ListTools__Output | null);
  'kind'?: "welcome"|"refused"|"lease"|"openChannel"|"endSession"|"drain"|"probeServer"|"witnessRequest"|"receiptsRequest"|"maskingRules"|"listTools";
}

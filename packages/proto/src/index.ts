import { fileURLToPath } from 'node:url';
import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { ProtoGrpcType } from './generated/tunnel.ts';

export type { AgentControl, AgentControl__Output } from './generated/sallyport/tunnel/v1/AgentControl.ts';
export type { AgentFrame, AgentFrame__Output } from './generated/sallyport/tunnel/v1/AgentFrame.ts';
export type { EnrollRequest__Output } from './generated/sallyport/tunnel/v1/EnrollRequest.ts';
export type {
  EnrollResponse,
  EnrollResponse__Output,
} from './generated/sallyport/tunnel/v1/EnrollResponse.ts';
export type { ExchangeEnded__Output } from './generated/sallyport/tunnel/v1/ExchangeEnded.ts';
export type { FromServer__Output } from './generated/sallyport/tunnel/v1/FromServer.ts';
export type {
  GatewayControl,
  GatewayControl__Output,
} from './generated/sallyport/tunnel/v1/GatewayControl.ts';
export type { GatewayFrame, GatewayFrame__Output } from './generated/sallyport/tunnel/v1/GatewayFrame.ts';
export type { Hello, Hello__Output } from './generated/sallyport/tunnel/v1/Hello.ts';
export type { MaskingFinding__Output } from './generated/sallyport/tunnel/v1/MaskingFinding.ts';
export type { MaskingRulesAck__Output } from './generated/sallyport/tunnel/v1/MaskingRulesAck.ts';
export type { OpenChannel__Output } from './generated/sallyport/tunnel/v1/OpenChannel.ts';
export type { RenewRequest__Output } from './generated/sallyport/tunnel/v1/RenewRequest.ts';
export type { RenewResponse, RenewResponse__Output } from './generated/sallyport/tunnel/v1/RenewResponse.ts';
export type { ServerStatus, ServerStatus__Output } from './generated/sallyport/tunnel/v1/ServerStatus.ts';
export type { ToolDefinitions__Output } from './generated/sallyport/tunnel/v1/ToolDefinitions.ts';
export type { TunnelClient, TunnelHandlers } from './generated/sallyport/tunnel/v1/Tunnel.ts';

/** Protocol versions of the tunnel that this build speaks, both inclusive. */
export const TUNNEL_PROTOCOL = { min: 1, max: 1 } as const;

/** The service's definition for a gRPC server and the client's constructor, read from the .proto file. */
export function loadTunnel(): ProtoGrpcType['sallyport']['tunnel']['v1'] {
  // The file sits beside src/ and dist/ alike, so the same relative path serves sources and builds.
  const file = fileURLToPath(new URL('../sallyport/tunnel/v1/tunnel.proto', import.meta.url));
  const definition = loadSync(file, { longs: Number, enums: String, defaults: true, oneofs: true });
  return (loadPackageDefinition(definition) as unknown as ProtoGrpcType).sallyport.tunnel.v1;
}

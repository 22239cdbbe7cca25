// Original file: sallyport/tunnel/v1/tunnel.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AgentControl as _sallyport_tunnel_v1_AgentControl, AgentControl__Output as _sallyport_tunnel_v1_AgentControl__Output } from '../../../sallyport/tunnel/v1/AgentControl.ts';
import type { AgentFrame as _sallyport_tunnel_v1_AgentFrame, AgentFrame__Output as _sallyport_tunnel_v1_AgentFrame__Output } from '../../../sallyport/tunnel/v1/AgentFrame.ts';
import type { EnrollRequest as _sallyport_tunnel_v1_EnrollRequest, EnrollRequest__Output as _sallyport_tunnel_v1_EnrollRequest__Output } from '../../../sallyport/tunnel/v1/EnrollRequest.ts';
import type { EnrollResponse as _sallyport_tunnel_v1_EnrollResponse, EnrollResponse__Output as _sallyport_tunnel_v1_EnrollResponse__Output } from '../../../sallyport/tunnel/v1/EnrollResponse.ts';
import type { GatewayControl as _sallyport_tunnel_v1_GatewayControl, GatewayControl__Output as _sallyport_tunnel_v1_GatewayControl__Output } from '../../../sallyport/tunnel/v1/GatewayControl.ts';
import type { GatewayFrame as _sallyport_tunnel_v1_GatewayFrame, GatewayFrame__Output as _sallyport_tunnel_v1_GatewayFrame__Output } from '../../../sallyport/tunnel/v1/GatewayFrame.ts';
import type { RenewRequest as _sallyport_tunnel_v1_RenewRequest, RenewRequest__Output as _sallyport_tunnel_v1_RenewRequest__Output } from '../../../sallyport/tunnel/v1/RenewRequest.ts';
import type { RenewResponse as _sallyport_tunnel_v1_RenewResponse, RenewResponse__Output as _sallyport_tunnel_v1_RenewResponse__Output } from '../../../sallyport/tunnel/v1/RenewResponse.ts';

export interface TunnelClient extends grpc.Client {
  Attach(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_sallyport_tunnel_v1_AgentControl, _sallyport_tunnel_v1_GatewayControl__Output>;
  Attach(options?: grpc.CallOptions): grpc.ClientDuplexStream<_sallyport_tunnel_v1_AgentControl, _sallyport_tunnel_v1_GatewayControl__Output>;
  attach(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_sallyport_tunnel_v1_AgentControl, _sallyport_tunnel_v1_GatewayControl__Output>;
  attach(options?: grpc.CallOptions): grpc.ClientDuplexStream<_sallyport_tunnel_v1_AgentControl, _sallyport_tunnel_v1_GatewayControl__Output>;
  
  Channel(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_sallyport_tunnel_v1_AgentFrame, _sallyport_tunnel_v1_GatewayFrame__Output>;
  Channel(options?: grpc.CallOptions): grpc.ClientDuplexStream<_sallyport_tunnel_v1_AgentFrame, _sallyport_tunnel_v1_GatewayFrame__Output>;
  channel(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_sallyport_tunnel_v1_AgentFrame, _sallyport_tunnel_v1_GatewayFrame__Output>;
  channel(options?: grpc.CallOptions): grpc.ClientDuplexStream<_sallyport_tunnel_v1_AgentFrame, _sallyport_tunnel_v1_GatewayFrame__Output>;
  
  Enroll(argument: _sallyport_tunnel_v1_EnrollRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sallyport_tunnel_v1_EnrollResponse__Output>): grpc.ClientUnaryCall;
  Enroll(argument: _sallyport_tunnel_v1_EnrollRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sallyport_tunnel_v1_EnrollResponse__Output>): grpc.ClientUnaryCall;
  Enroll(argument: _sallyport_tunnel_v1_EnrollRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sallyport_tunnel_v1_EnrollResponse__Output>): grpc.ClientUnaryCall;
  Enroll(argument: _sallyport_tunnel_v1_EnrollRequest, callback: grpc.requestCallback<_sallyport_tunnel_v1_EnrollResponse__Output>): grpc.ClientUnaryCall;
  enroll(argument: _sallyport_tunnel_v1_EnrollRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sallyport_tunnel_v1_EnrollResponse__Output>): grpc.ClientUnaryCall;
  enroll(argument: _sallyport_tunnel_v1_EnrollRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sallyport_tunnel_v1_EnrollResponse__Output>): grpc.ClientUnaryCall;
  enroll(argument: _sallyport_tunnel_v1_EnrollRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sallyport_tunnel_v1_EnrollResponse__Output>): grpc.ClientUnaryCall;
  enroll(argument: _sallyport_tunnel_v1_EnrollRequest, callback: grpc.requestCallback<_sallyport_tunnel_v1_EnrollResponse__Output>): grpc.ClientUnaryCall;
  
  Renew(argument: _sallyport_tunnel_v1_RenewRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sallyport_tunnel_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  Renew(argument: _sallyport_tunnel_v1_RenewRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sallyport_tunnel_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  Renew(argument: _sallyport_tunnel_v1_RenewRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sallyport_tunnel_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  Renew(argument: _sallyport_tunnel_v1_RenewRequest, callback: grpc.requestCallback<_sallyport_tunnel_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  renew(argument: _sallyport_tunnel_v1_RenewRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sallyport_tunnel_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  renew(argument: _sallyport_tunnel_v1_RenewRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sallyport_tunnel_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  renew(argument: _sallyport_tunnel_v1_RenewRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sallyport_tunnel_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  renew(argument: _sallyport_tunnel_v1_RenewRequest, callback: grpc.requestCallback<_sallyport_tunnel_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface TunnelHandlers extends grpc.UntypedServiceImplementation {
  Attach: grpc.handleBidiStreamingCall<_sallyport_tunnel_v1_AgentControl__Output, _sallyport_tunnel_v1_GatewayControl>;
  
  Channel: grpc.handleBidiStreamingCall<_sallyport_tunnel_v1_AgentFrame__Output, _sallyport_tunnel_v1_GatewayFrame>;
  
  Enroll: grpc.handleUnaryCall<_sallyport_tunnel_v1_EnrollRequest__Output, _sallyport_tunnel_v1_EnrollResponse>;
  
  Renew: grpc.handleUnaryCall<_sallyport_tunnel_v1_RenewRequest__Output, _sallyport_tunnel_v1_RenewResponse>;
  
}

export interface TunnelDefinition extends grpc.ServiceDefinition {
  Attach: MethodDefinition<_sallyport_tunnel_v1_AgentControl, _sallyport_tunnel_v1_GatewayControl, _sallyport_tunnel_v1_AgentControl__Output, _sallyport_tunnel_v1_GatewayControl__Output>
  Channel: MethodDefinition<_sallyport_tunnel_v1_AgentFrame, _sallyport_tunnel_v1_GatewayFrame, _sallyport_tunnel_v1_AgentFrame__Output, _sallyport_tunnel_v1_GatewayFrame__Output>
  Enroll: MethodDefinition<_sallyport_tunnel_v1_EnrollRequest, _sallyport_tunnel_v1_EnrollResponse, _sallyport_tunnel_v1_EnrollRequest__Output, _sallyport_tunnel_v1_EnrollResponse__Output>
  Renew: MethodDefinition<_sallyport_tunnel_v1_RenewRequest, _sallyport_tunnel_v1_RenewResponse, _sallyport_tunnel_v1_RenewRequest__Output, _sallyport_tunnel_v1_RenewResponse__Output>
}

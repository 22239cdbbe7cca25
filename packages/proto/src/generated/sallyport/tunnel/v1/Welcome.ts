// Original file: sallyport/tunnel/v1/tunnel.proto


export interface Welcome {
  'protocol'?: (number);
  'gatewayVersion'?: (string);
  'leaseMs'?: (number);
  'endSessions'?: (string)[];
  'replicas'?: (string)[];
  'replica'?: (string);
}

export interface Welcome__Output {
  'protocol': (number);
  'gatewayVersion': (string);
  'leaseMs': (number);
  'endSessions': (string)[];
  'replicas': (string)[];
  'replica': (string);
}

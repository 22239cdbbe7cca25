// Original file: sallyport/tunnel/v1/tunnel.proto


export interface FromServer {
  'exchange'?: (number);
  'payload'?: (Buffer | Uint8Array | string);
  'last'?: (boolean);
}

export interface FromServer__Output {
  'exchange': (number);
  'payload': (Buffer);
  'last': (boolean);
}

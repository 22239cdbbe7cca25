// Original file: sallyport/tunnel/v1/tunnel.proto


export interface ToServer {
  'exchange'?: (number);
  'callId'?: (string);
  'payload'?: (Buffer | Uint8Array | string);
  'last'?: (boolean);
  'expectsAnswer'?: (boolean);
  'headers'?: ({[key: string]: string});
}

export interface ToServer__Output {
  'exchange': (number);
  'callId': (string);
  'payload': (Buffer);
  'last': (boolean);
  'expectsAnswer': (boolean);
  'headers': ({[key: string]: string});
}

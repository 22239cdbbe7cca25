// Original file: sallyport/tunnel/v1/tunnel.proto


export interface SessionEnded {
  'sessionId'?: (string);
  'reason'?: (string);
  'detail'?: (string);
}

export interface SessionEnded__Output {
  'sessionId': (string);
  'reason': (string);
  'detail': (string);
}

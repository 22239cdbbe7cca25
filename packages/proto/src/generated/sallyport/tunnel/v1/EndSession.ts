// Original file: sallyport/tunnel/v1/tunnel.proto


export interface EndSession {
  'sessionId'?: (string);
  'reason'?: (string);
}

export interface EndSession__Output {
  'sessionId': (string);
  'reason': (string);
}

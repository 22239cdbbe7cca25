// Original file: sallyport/tunnel/v1/tunnel.proto


export interface OpenChannel {
  'channelId'?: (string);
  'sessionId'?: (string);
  'server'?: (string);
  'era'?: (string);
  'resume'?: (boolean);
  'openTimeoutMs'?: (number);
}

export interface OpenChannel__Output {
  'channelId': (string);
  'sessionId': (string);
  'server': (string);
  'era': (string);
  'resume': (boolean);
  'openTimeoutMs': (number);
}

// Original file: sallyport/tunnel/v1/tunnel.proto


export interface EndChannel {
  'reason'?: (string);
}

export interface EndChannel__Output {
  'reason': (string);
}

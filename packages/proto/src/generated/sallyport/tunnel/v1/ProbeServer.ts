// Original file: sallyport/tunnel/v1/tunnel.proto


export interface ProbeServer {
  'server'?: (string);
}

export interface ProbeServer__Output {
  'server': (string);
}

// Original file: sallyport/tunnel/v1/tunnel.proto


export interface EnrollRequest {
  'token'?: (string);
  'csrDer'?: (Buffer | Uint8Array | string);
  'agentVersion'?: (string);
}

export interface EnrollRequest__Output {
  'token': (string);
  'csrDer': (Buffer);
  'agentVersion': (string);
}

// Original file: sallyport/tunnel/v1/tunnel.proto


export interface RenewRequest {
  'csrDer'?: (Buffer | Uint8Array | string);
}

export interface RenewRequest__Output {
  'csrDer': (Buffer);
}

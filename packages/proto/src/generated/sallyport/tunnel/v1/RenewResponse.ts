// Original file: sallyport/tunnel/v1/tunnel.proto


export interface RenewResponse {
  'certificatePem'?: (string);
  'authorityPem'?: (string);
}

export interface RenewResponse__Output {
  'certificatePem': (string);
  'authorityPem': (string);
}

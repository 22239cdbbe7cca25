// Original file: sallyport/tunnel/v1/tunnel.proto


export interface EnrollResponse {
  'agentName'?: (string);
  'certificatePem'?: (string);
  'authorityPem'?: (string);
}

export interface EnrollResponse__Output {
  'agentName': (string);
  'certificatePem': (string);
  'authorityPem': (string);
}

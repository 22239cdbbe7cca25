// Original file: sallyport/tunnel/v1/tunnel.proto


export interface Refused {
  'code'?: (string);
  'detail'?: (string);
}

export interface Refused__Output {
  'code': (string);
  'detail': (string);
}

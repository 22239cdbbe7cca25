// Original file: sallyport/tunnel/v1/tunnel.proto


export interface OpenListen {
  'exchange'?: (number);
  'lastEventId'?: (string);
}

export interface OpenListen__Output {
  'exchange': (number);
  'lastEventId': (string);
}

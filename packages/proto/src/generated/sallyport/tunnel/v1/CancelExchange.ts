// Original file: sallyport/tunnel/v1/tunnel.proto


export interface CancelExchange {
  'exchange'?: (number);
}

export interface CancelExchange__Output {
  'exchange': (number);
}

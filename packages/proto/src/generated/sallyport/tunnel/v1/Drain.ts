// Original file: sallyport/tunnel/v1/tunnel.proto


export interface Drain {
  'reason'?: (string);
  'graceMs'?: (number);
}

export interface Drain__Output {
  'reason': (string);
  'graceMs': (number);
}

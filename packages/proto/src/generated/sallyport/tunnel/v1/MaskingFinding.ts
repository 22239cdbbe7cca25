// Original file: sallyport/tunnel/v1/tunnel.proto


export interface MaskingFinding {
  'rule'?: (string);
  'detector'?: (string);
  'entity'?: (string);
  'carrier'?: (string);
  'count'?: (number);
}

export interface MaskingFinding__Output {
  'rule': (string);
  'detector': (string);
  'entity': (string);
  'carrier': (string);
  'count': (number);
}

// Original file: sallyport/tunnel/v1/tunnel.proto


export interface ServerStatus {
  'name'?: (string);
  'transport'?: (string);
  'eras'?: (string)[];
  'protocolVersions'?: (string)[];
  'serverName'?: (string);
  'serverVersion'?: (string);
  'problem'?: (string);
  'probed'?: (boolean);
}

export interface ServerStatus__Output {
  'name': (string);
  'transport': (string);
  'eras': (string)[];
  'protocolVersions': (string)[];
  'serverName': (string);
  'serverVersion': (string);
  'problem': (string);
  'probed': (boolean);
}

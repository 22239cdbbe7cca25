// Original file: sallyport/tunnel/v1/tunnel.proto


export interface ChannelHello {
  'channelId'?: (string);
}

export interface ChannelHello__Output {
  'channelId': (string);
}

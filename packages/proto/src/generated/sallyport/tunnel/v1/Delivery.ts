// Original file: sallyport/tunnel/v1/tunnel.proto

export const Delivery = {
  DELIVERY_UNSPECIFIED: 'DELIVERY_UNSPECIFIED',
  DELIVERY_NOT_SENT: 'DELIVERY_NOT_SENT',
  DELIVERY_SENT: 'DELIVERY_SENT',
  DELIVERY_ANSWERED: 'DELIVERY_ANSWERED',
} as const;

export type Delivery =
  | 'DELIVERY_UNSPECIFIED'
  | 0
  | 'DELIVERY_NOT_SENT'
  | 1
  | 'DELIVERY_SENT'
  | 2
  | 'DELIVERY_ANSWERED'
  | 3

export type Delivery__Output = typeof Delivery[keyof typeof Delivery]

export { relayedHeaders } from './headers.ts';
export { openSessionSlots, type SessionSlots } from './slots.ts';
export { urlAllowed } from './urls.ts';

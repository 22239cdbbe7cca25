export { relayedHeaders } from './headers.ts';
export { openSessionSlots } from './slots.ts';
export { urlAllowed } from './urls.ts';

export { createFrontDoor, type FrontDoorOptions, type Readiness } from './server.ts';
export { readTls } from './tls.ts';

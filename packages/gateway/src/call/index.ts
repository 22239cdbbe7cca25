export { runBatch } from './batch.ts';
export { type EndingCode, REFUSAL } from './ending.ts';
export { runDelete, runListen, type Stream } from './listen.ts';
export { runMessage } from './message.ts';
export { controlsOf, METHODS, type MethodControls, REFUSED_METHODS } from './methods.ts';
export { numberLexeme } from './resource.ts';
export type { Answer, CallCounters, Rooms } from './rooms.ts';
export type { Incoming } from './stages.ts';

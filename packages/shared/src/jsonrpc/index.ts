export { errorAnswer, notification, resultAnswer } from './build.ts';
export {
  elementsAt,
  find,
  findPath,
  idKeyOf,
  isBatch,
  type Message,
  MessageError,
  RPC,
  readBatch,
  readMessage,
  stringAt,
  text,
  valueAt,
} from './message.ts';
export { JsonError, type JsonErrorCode, type Member, type Span, scanJson } from './scan.ts';

export { type AgentOptions, type RunningAgent, startAgent } from './wire.ts';

// Browsers have no Buffer: the build puts this one wherever the verifier names it.
export { Buffer } from 'buffer';

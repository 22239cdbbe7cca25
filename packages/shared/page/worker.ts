import { type Request, type Told, verifyFiles } from './core.ts';

// Here and not in the page, which must stay alive: an export may have a million entries.
globalThis.onmessage = ({ data }: MessageEvent<Request>) => {
  verifyFiles(data, (done, of) => tell({ is: 'progress', done, of })).then(
    (verdict) => tell({ is: 'verdict', verdict }),
    (thrown: unknown) => tell({ is: 'broken', problem: String(thrown) }),
  );
};

function tell(told: Told): void {
  globalThis.postMessage(told);
}

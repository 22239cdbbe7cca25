import type { NamedBlob } from './blobs.ts';
import type { Request, Told } from './core.ts';
import { type Choice, chosen, dropped } from './dropped.ts';
import { show, showBroken } from './result.ts';

/** The text of worker.ts, bundled; the build puts it here. */
declare const WORKER: string;

const drop = element('drop', HTMLFieldSetElement);
const folder = element('folder', HTMLInputElement);
const tar = element('tar', HTMLInputElement);
const said = element('choice', HTMLParagraphElement);
const verify = element('verify', HTMLButtonElement);
const stop = element('stop', HTMLButtonElement);
const working = element('working', HTMLDivElement);
const progress = element('progress', HTMLProgressElement);
const doing = element('doing', HTMLLabelElement);
const result = element('result', HTMLElement);

let choice: Choice | undefined;
let worker: Worker | undefined;

folder.addEventListener('change', () => take(folder, tar));
tar.addEventListener('change', () => take(tar, folder));
element('form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  begin();
});
stop.addEventListener('click', () => {
  end();
  said.textContent = `Stopped. Nothing was said of ${choice?.name ?? 'it'}.`;
  verify.focus();
});
// The whole page takes what is dropped: a browser would else leave it and open the file.
for (const kind of ['dragenter', 'dragover'])
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
document.addEventListener('dragleave', () => drop.classList.remove('over'));
document.addEventListener('drop', (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  if (event.dataTransfer === null) return;
  dropped(event.dataTransfer).then(
    (found) => {
      folder.value = '';
      tar.value = '';
      choose(found);
    },
    () => {
      choose(undefined);
      complain('This browser does not show what was dropped to a page. Choose it with a button instead.');
    },
  );
});

function take(from: HTMLInputElement, other: HTMLInputElement): void {
  other.value = '';
  choose(chosen([...(from.files ?? [])]));
}

function choose(found: Choice | undefined): void {
  choice = found;
  end();
  result.hidden = true;
  said.classList.remove('wrong');
  if (found === undefined) {
    said.textContent = 'Nothing is chosen.';
    return;
  }
  const files = 'tar' in found.files ? [found.files.tar] : found.files.folder;
  const bytes = files.reduce((sum, { blob }) => sum + blob.size, 0);
  said.textContent = `Chosen: ${found.name} (${files.length} ${files.length === 1 ? 'file' : 'files'}, ${bytes.toLocaleString('en')} bytes).`;
}

function complain(problem: string): void {
  said.classList.add('wrong');
  said.textContent = problem;
}

function begin(): void {
  if (choice === undefined) {
    complain('Choose an export first: a folder, or a .tar file.');
    folder.focus();
    return;
  }
  const request = requestFor(choice);
  result.hidden = true;
  working.hidden = false;
  stop.hidden = false;
  verify.disabled = true;
  progress.value = 0;
  try {
    const address = URL.createObjectURL(new Blob([WORKER], { type: 'text/javascript' }));
    worker = new Worker(address);
    worker.onmessage = ({ data }: MessageEvent<Told>) => hear(data);
    worker.onerror = ({ message }) => hear({ is: 'broken', problem: message });
    worker.postMessage(request);
    stop.focus();
  } catch (thrown) {
    hear({ is: 'broken', problem: String(thrown) });
  }
}

function requestFor({ files }: Choice): Request {
  const [policy] = namedFiles('policy');
  const [tsaCa] = namedFiles('tsa-ca');
  return {
    files,
    keys: element('keys', HTMLTextAreaElement)
      .value.split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
    ...(policy === undefined ? {} : { policy }),
    anchors: anchorsGiven(),
    ...(tsaCa === undefined ? {} : { tsaCa }),
  };
}

/** Each file must be of this log; of a folder, one at least. */
function anchorsGiven(): Request['anchors'] {
  const folder = namedFiles('anchor-folder');
  return [
    ...namedFiles('anchors').map((file) => ({ name: file.name, files: [file] })),
    ...(folder.length === 0 ? [] : [{ name: '--anchor', files: folder }]),
  ];
}

function namedFiles(id: string): NamedBlob[] {
  return [...(element(id, HTMLInputElement).files ?? [])].map((file) => ({ name: file.name, blob: file }));
}

function hear(told: Told): void {
  if (told.is === 'progress') {
    const { done, of } = told;
    progress.value = of === 0 ? 1 : done / of;
    doing.textContent = `Read ${done.toLocaleString('en')} of ${of.toLocaleString('en')} bytes`;
    return;
  }
  end();
  if (told.is === 'verdict') show(result, told.verdict);
  else showBroken(result, told.problem);
}

function end(): void {
  worker?.terminate();
  worker = undefined;
  working.hidden = true;
  stop.hidden = true;
  verify.disabled = false;
}

/** An element of page.html. */
function element<E extends HTMLElement>(id: string, kind: new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`page.html has no ${kind.name} "${id}"`);
  return found;
}

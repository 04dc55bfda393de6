// For a site's own pages whose requests meet the gateway's refusal: keeps what was typed, goes to the waiting page, and fills the
// fields in again where the visitor comes back. The address in `Link` says where to wait; docs/apps.md says what is kept. Written
// for its size: sites include it in every page, and a test keeps it within 1 kB. Another behaviour gets another address
// (worker/app.ts).

/** Of textareas and lists too, where `checked` is undefined. */
interface Field extends HTMLInputElement {
  __proto__: object;
}
type Kept = [address: string, fields: ([name: string, value: string, checked: boolean] | 0)[]];

const KEPT_CHARS_MAX = 30_000;
/** Pages that draw their forms by script take a moment: 25 seconds. */
const FILL_TRIES = 99;
const FILL_MS = 250;

const { location: place, sessionStorage: kept, fetch } = self;
const xhr = XMLHttpRequest.prototype;
const { send } = xhr;

const here = () => place.pathname + place.search;

/** Without secrets, and what the page fills in itself. */
const fields = () =>
  [...document.querySelectorAll<Field>('input,textarea,select')].filter(
    (field) => !/pass|file|hid|off|one-|cc-/.test(field.type + field.autocomplete),
  );

/** Goes to the waiting page where the site's answer names it. The browser goes once this has returned. */
const wait = (url: string, link: () => string | null) => {
  // biome-ignore lint/style/useTemplate: templates are longer.
  const address = !url.indexOf(place.origin + '/') && /<(\S+)>; rel="\S+wait/.exec(link() as string);
  if (address) {
    // biome-ignore lint/style/useTemplate: templates are longer.
    place.assign(address[1] + '?return=' + encodeURIComponent(here()) + place.hash);
    const text = JSON.stringify([here(), fields().map((field) => [field.name, field.value, field.checked])]);
    if (text.length < KEPT_CHARS_MAX) kept['fairgate'] = text;
  }
};

self.fetch = (...request) =>
  fetch(...request).then((response) => {
    wait(response.url, () => response.headers.get('Link'));
    return response;
  });

xhr.send = function (body) {
  // This comes before the page hears of the answer, and may clear its form.
  this.addEventListener('progress', () => wait(this.responseURL, () => this.getResponseHeader('Link')));
  send.call(this, body);
};

const [address, values]: Kept = JSON.parse(kept['fairgate'] || '[]');
let tries = FILL_TRIES;
const fill = () => {
  // biome-ignore lint/suspicious/useIterableCallbackReturn: a loop is longer.
  fields().map((field, index) => {
    const [name, value, checked] = values[index] || [];
    // Where a page is drawn step by step, another field may be in this place at first.
    if (name !== field.name) return;
    values[index] = 0;
    // biome-ignore lint/suspicious/noDoubleEquals: JSON makes null of undefined.
    if (field.checked != checked) field.click();
    if (field.value === value) return;
    // Frameworks watch the element's own property, and learn of a change by the event only.
    // biome-ignore lint/suspicious/noProto: it is shorter.
    Reflect.set(field.__proto__, 'value', value, field);
    ['input', 'change'].map((type) => field.dispatchEvent(new Event(type, { bubbles: true })));
  });
  if (--tries) setTimeout(fill, FILL_MS);
};
if (address === here()) {
  kept['fairgate'] = '';
  fill();
}

export {};

// The connection: the stream of states, what was before it, the key, and how old the last word is.
import { $ } from './text.js';

const KEY = 'key';
const RETRY_MILLIS = 1000;
const QUIET_MILLIS = 6000;

const headers = () => {
  const key = sessionStorage.getItem(KEY);
  return key ? { authorization: 'Bearer ' + key } : {};
};

class Refused extends Error {
  constructor(status) {
    super('the server answered ' + status);
    this.status = status;
  }
}

/** Asks for JSON under /console/api/. */
export async function ask(path) {
  const response = await fetch('/console/api/' + path, { headers: headers() });
  if (!response.ok) throw new Refused(response.status);
  return response.json();
}

async function askKey(status) {
  sessionStorage.removeItem(KEY);
  $('ask-why').textContent = status === 403 ? 'That key may not see the console: it needs a key that may.' : 'This console is open to holders of a key.';
  $('key').value = '';
  if (!$('ask').open) $('ask').showModal();
  await new Promise(done => $('ask').addEventListener('close', done, { once: true }));
  if ($('key').value.trim()) sessionStorage.setItem(KEY, $('key').value.trim());
  $('key').value = '';
}

async function follow(hear) {
  hear.history(await ask('history'));
  const response = await fetch('/console/api/events', { headers: headers() });
  if (!response.ok) throw new Refused(response.status);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error('the server ended the stream');
    held += value;
    const events = held.split('\n\n');
    held = events.pop();
    for (const event of events) if (event.startsWith('data: ')) hear.state(JSON.parse(event.slice(6)));
  }
}

/**
 * Follows the server for ever.
 *
 * @param hear history(samples), state(state), link(what): how the connection is, once a second; what.quietMillis is the age of the last word,
 *             null before the first
 */
export function start(hear) {
  let last = null, trouble = null;
  const told = {
    history: hear.history,
    state: state => { last = performance.now(); trouble = null; hear.state(state); },
  };
  const link = () => {
    const quietMillis = last === null ? null : performance.now() - last;
    hear.link({ quietMillis, trouble, lost: trouble !== null || quietMillis !== null && quietMillis > QUIET_MILLIS });
  };
  setInterval(link, 1000);
  (async () => {
    for (;;) {
      try {
        await follow(told);
      } catch (failure) {
        if (failure.status === 401 || failure.status === 403) {
          trouble = 'needs a key';
          link();
          await askKey(failure.status);
          continue;
        }
        trouble = failure.status ? failure.message : 'the server cannot be reached';
      }
      link();
      await new Promise(done => setTimeout(done, RETRY_MILLIS));
    }
  })();
}

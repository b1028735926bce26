// Requests: where they are, how long what took, why they run where they run. Never what they say.
import { $, el, titled, cell, keyed, count, percent, time, short, plural } from './text.js';

const LOOKS = { running: 'good', queued: 'warn', failed: 'bad' };
const STATES = ['all', 'queued', 'running', 'finished', 'failed', 'cancelled'];
const open = new Set();
let chosen = 'all', latest = null;

function phases(r, longest) {
  const t = r.times, whole = Math.max(longest, 1);
  const queue = t.queue_nanos < 0 ? t.duration_nanos : t.queue_nanos;
  const prefill = t.queue_nanos < 0 ? 0 : (t.ttft_nanos < 0 ? t.duration_nanos : t.ttft_nanos) - queue;
  const decode = t.ttft_nanos < 0 ? 0 : t.duration_nanos - t.ttft_nanos;
  const node = el('div', 'phases' + (r.state === 'running' ? ' open' : ''), ...[[queue, 'k-queue'], [prefill, 'k-prefill'], [decode, 'k-decode']].filter(([nanos]) => nanos > 0).map(([nanos, className]) => {
    const part = el('i', className);
    part.style.width = Math.max(1, 100 * nanos / whole).toFixed(1) + '%';
    return part;
  }));
  return titled('waited ' + time(queue) + ', prefill ' + time(prefill) + ', decode ' + time(decode), node);
}

function detail(r) {
  const s = r.sources;
  const rows = [['Why there', r.placement || 'not placed yet'], ['Request', r.id], ['Run', r.run || '–'],
    ['Step', [r.session && 'session ' + r.session, r.agent && 'agent ' + r.agent, r.step && 'step ' + r.step, r.parent_step && 'after ' + r.parent_step].filter(Boolean).join(' · ') || '–'],
    ['Prompt’s KV', count(s.device_tokens) + ' device, ' + count(s.host_tokens) + ' host, ' + count(s.remote_tokens) + ' remote, ' + count(s.disk_tokens) + ' disk, ' + count(s.computed_tokens) + ' computed'],
    ['Nodes tried', String(r.attempts)]];
  if (r.failure) rows.unshift(['Ended by', r.failure]);
  const list = el('dl', 'detail');
  for (const [name, value] of rows) list.append(el('dt', '', name), el('dd', name === 'Request' || name === 'Run' ? 'mono' : '', value));
  return list;
}

function toggle(r) {
  if (!open.delete(r.id)) open.add(r.id);
  render();
}

function row({ r, longest, isOpen }) {
  const found = r.prompt_tokens ? r.cached_tokens / r.prompt_tokens : -1;
  const begun = r.times.queue_nanos >= 0;
  const run = el('td', 'id');
  if (r.run) {
    const link = el('a', '', short(r.run, 18));
    link.href = '#runs/' + encodeURIComponent(r.run);
    link.addEventListener('click', event => event.stopPropagation());
    run.append(titled(r.run, link));
  } else run.append('–');
  const line = el('tr', 'row', el('td', '', el('span', 'state', el('span', 'dot ' + (LOOKS[r.state] || '')), r.failure && r.state === 'failed' ? r.failure : r.state)),
    titled(r.id, el('td', 'id', short(r.id, 18))), run, cell('model', '', r.model), cell('node', '', r.node || '–', r.attempts > 1 ? el('span', 'sub', ' (' + r.attempts + ' tried)') : null),
    cell('prompt', 'n', count(r.prompt_tokens)), cell('cached', 'n', begun ? percent(found) : '–'), cell('output', 'n', count(r.output_tokens)), cell('waited', 'n', time(r.times.queue_nanos)),
    cell('TTFT', 'n', time(r.times.ttft_nanos)), cell('ITL', 'n', time(r.times.itl_nanos)), cell('time', 'n', time(r.times.duration_nanos)), cell('phases', '', phases(r, longest)));
  line.tabIndex = 0;
  line.setAttribute('aria-expanded', isOpen);
  line.addEventListener('click', () => toggle(r));
  line.addEventListener('keydown', event => { if (event.target === line && (event.key === 'Enter' || event.key === ' ')) { event.preventDefault(); toggle(r); } });
  if (!isOpen) return [line];
  const more = el('td', '', detail(r));
  more.colSpan = 13;
  return [line, el('tr', 'more', more)];
}

const text = r => [r.id, r.run, r.session, r.agent, r.step, r.model, r.node, r.failure].join(' ').toLowerCase();

function render() {
  if (!latest) return;
  const words = $('request-filter').value.toLowerCase().split(/\s+/).filter(Boolean);
  const fitting = latest.requests.filter(r => (chosen === 'all' || r.state === chosen) && words.every(word => text(r).includes(word)));
  const longest = Math.max(1, ...fitting.map(r => r.times.duration_nanos));
  keyed($('request-rows'), fitting.map(r => ({ r, longest, isOpen: open.has(r.id) })), ({ r }) => r.id, row);
  const none = $('no-requests');
  none.hidden = fitting.length > 0;
  none.textContent = latest.requests.length ? 'No request fits.' : 'No request yet. Send one to /v1/chat/completions.';
  $('request-shown').textContent = fitting.length === latest.requests.length ? plural(fitting.length, 'request') : fitting.length + ' of ' + plural(latest.requests.length, 'request');
  for (const id of open) if (!latest.requests.some(r => r.id === id)) open.delete(id);
}

/** Makes the choice of states; call once. */
export function begin() {
  $('request-states').append(...STATES.map(state => {
    const button = el('button', '', state);
    button.type = 'button';
    button.setAttribute('aria-pressed', state === chosen);
    button.addEventListener('click', () => {
      chosen = state;
      [...$('request-states').children].forEach(other => other.setAttribute('aria-pressed', other === button));
      render();
    });
    return button;
  }));
  $('request-filter').addEventListener('input', render);
}

export function show(state, visible) {
  latest = state;
  const live = state.totals.in_flight + state.totals.queued;
  $('live-count').hidden = live === 0;
  $('live-count').textContent = count(live);
  if (visible) render();
}

// Runs of agents: what each has cost, and when its steps waited, computed, spoke, and left the tools to work.
import { $, el, titled, keyed, count, percent, millis, money, clock, short, plural } from './text.js';
import { ask } from './feed.js';

const REFRESH_MILLIS = 1500;
let list = [], chosen = null, timeline = null, problem = '', state = null, timer = null;

const address = run => '#runs/' + encodeURIComponent(run.id) + '?' + encodeURIComponent(run.tenant);
const isChosen = run => chosen && run.id === chosen.id && (!chosen.tenant || run.tenant === chosen.tenant);
const cost = run => money(run.charged ? run.charged.cost_nano_dollars : run.cost_nano_dollars);

function row({ run, selected }) {
  const link = titled(run.id + ' of ' + run.tenant, el('a', '', short(run.id, 26)));
  link.href = address(run);
  const node = el('tr', '', el('td', 'id', link), el('td', 'n', count(run.steps), run.open_steps ? el('span', 'sub', ' · ' + run.open_steps + ' open') : null), el('td', 'n', count(run.prompt_tokens)),
    el('td', 'n', percent(run.prompt_tokens ? run.cached_tokens / run.prompt_tokens : -1)), el('td', 'n', count(run.output_tokens)), el('td', 'n', cost(run)), el('td', 'n', clock(run.heard_millis)));
  node.setAttribute('aria-selected', selected);
  node.addEventListener('click', () => { location.hash = address(run); });
  return [node];
}

function renderList() {
  const fitting = list.filter(run => !$('several').checked || run.steps > 1 || isChosen(run));
  keyed($('run-rows'), fitting.map(run => ({ run, selected: Boolean(isChosen(run)) })), ({ run }) => run.tenant + ' ' + run.id, row);
  $('no-runs').hidden = fitting.length > 0;
  $('no-runs').textContent = list.length ? 'Only single requests so far.' : 'No run yet. Requests become one by X-Run-Id, or by going on from each other.';
  $('run-shown').textContent = fitting.length === list.length ? plural(list.length, 'run') : fitting.length + ' of ' + plural(list.length, 'run');
}

function part(className, fromMillis, toMillis, scale, title) {
  const node = titled(title, el('i', className));
  node.style.left = (100 * fromMillis / scale).toFixed(3) + '%';
  node.style.width = (100 * Math.max(0, toMillis - fromMillis) / scale).toFixed(3) + '%';
  return node;
}

/** A step that has not ended is known from the list of requests, while that has it. */
function running(step, now) {
  const live = state && state.requests.find(r => r.id === step.id || r.step === step.id);
  const ms = nanos => nanos < 0 ? -1 : nanos / 1e6;
  return { ...step, duration_millis: Math.max(0, now - step.began_millis), queue_millis: live ? ms(live.times.queue_nanos) : -1, ttft_millis: live ? ms(live.times.ttft_nanos) : -1,
    prompt_tokens: live ? live.prompt_tokens : 0, cached_tokens: live ? live.cached_tokens : 0, output_tokens: live ? live.output_tokens : 0 };
}

function lane(known, zero, scale, now) {
  const step = known.duration_millis < 0 ? running(known, now) : known;
  const begin = step.began_millis - zero, end = begin + step.duration_millis;
  const started = begin + (step.queue_millis < 0 ? step.duration_millis : Math.min(step.queue_millis, step.duration_millis));
  const spoke = step.ttft_millis < 0 ? end : begin + Math.min(step.ttft_millis, step.duration_millis);
  const found = step.prompt_tokens ? step.cached_tokens / step.prompt_tokens : 0;
  const track = el('div', 'track');
  if (step.gap_millis > 0) track.append(part('gap', Math.max(0, begin - step.gap_millis), begin, scale, 'tools and client: ' + millis(step.gap_millis)));
  track.append(part('k-queue', begin, started, scale, 'waited ' + millis(started - begin)));
  if (step.queue_millis >= 0) {
    const kept = started + (spoke - started) * found;
    track.append(part('k-cached', started, kept, scale, count(step.cached_tokens) + ' prompt tokens found cached'),
      part('k-prefill', kept, spoke, scale, 'prefill ' + millis(spoke - started) + ': ' + count(step.prompt_tokens - step.cached_tokens) + ' tokens computed'));
    if (step.ttft_millis >= 0) track.append(part('k-decode', spoke, end, scale, 'decode ' + millis(end - spoke) + ': ' + count(step.output_tokens) + ' tokens'));
  }
  const failed = step.state !== 'finished' && step.state !== 'running';
  if (failed) track.append(part('failed', begin, end, scale, step.state));
  const what = failed ? step.state : step.state === 'running' ? 'running, ' + millis(step.duration_millis)
    : count(step.prompt_tokens) + ' · ' + percent(found) + ' cached · ' + count(step.output_tokens) + ' out';
  const title = ['step ' + step.id, step.parent && 'after ' + step.parent, step.model, 'began ' + clock(step.began_millis), 'took ' + millis(step.duration_millis), 'TTFT ' + millis(step.ttft_millis), money(step.cost_nano_dollars),
    step.retries ? 'sent ' + (step.retries + 1) + ' times' : ''].filter(Boolean).join(' · ');
  return titled(title, el('div', 'lane', el('span', 'name', '#' + step.number + (step.agent ? ' ' + step.agent : '')), track, el('span', 'what', what)));
}

function sums(run, spanMillis, gapMillis) {
  const facts = [[plural(run.steps, 'step'), run.open_steps ? run.open_steps + ' running' : 'all ended'], [millis(spanMillis), 'in all'], [millis(gapMillis), 'tools and client'],
    [count(run.prompt_tokens), 'prompt tokens'], [percent(run.prompt_tokens ? run.cached_tokens / run.prompt_tokens : -1), 'of it cached'], [count(run.output_tokens), 'output tokens'],
    [cost(run), run.charged ? 'charged by the cluster' : 'as this replica knows']];
  return el('div', 'sums', ...facts.map(([value, name]) => el('div', '', el('b', '', value), el('span', '', name))));
}

const legend = () => el('span', 'legend', ...[['k-queue', 'waited'], ['k-cached', 'cached'], ['k-prefill', 'computed'], ['k-decode', 'decode']].map(([className, name]) => el('span', '', el('i', className), name)), el('span', '', '┄ tools'));

const ROUND_MILLIS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1.5e4, 3e4, 6e4, 1.2e5, 3e5, 6e5, 1.8e6, 3.6e6, 7.2e6, 2.16e7, 8.64e7];

/** At most six round times. */
function marks(scale) {
  const step = ROUND_MILLIS.find(each => scale / each <= 5) ?? scale;
  return Array.from({ length: Math.floor(scale / step) + 1 }, (_, i) => i * step);
}

const span = n => n < 1e3 ? n + ' ms' : n < 6e4 ? n / 1e3 + ' s' : n < 3.6e6 ? +(n / 6e4).toFixed(1) + ' min' : +(n / 3.6e6).toFixed(1) + ' h';

function renderTimeline() {
  const panel = $('timeline');
  if (!chosen || problem || !timeline) {
    panel.replaceChildren(el('h2', '', 'Timeline'), el('p', 'empty', !chosen ? 'Choose a run.' : problem || 'Loading …'));
    return;
  }
  const { run, steps } = timeline;
  const now = state ? state.epoch_millis : run.heard_millis;
  const zero = steps.length ? Math.min(...steps.map(step => step.began_millis)) : run.began_millis;
  const last = Math.max(zero + 1, ...steps.map(step => step.began_millis + (step.duration_millis < 0 ? Math.max(0, now - step.began_millis) : step.duration_millis)));
  const scale = last - zero;
  const gaps = steps.filter(step => step.gap_millis > 0 && step.began_millis > zero).reduce((sum, step) => sum + step.gap_millis, 0);
  const axis = el('div', 'axis', ...marks(scale).map(at => {
    const mark = el('span', '', at === 0 ? clock(zero) : '+' + span(at));
    mark.style.left = 100 * at / scale + '%';
    return mark;
  }));
  const dropped = run.steps - steps.length;
  panel.replaceChildren(el('h2', '', el('span', 'mono', run.id), el('span', 'hint', 'of ' + run.tenant + (dropped > 0 ? ' · the last ' + steps.length + ' of ' + run.steps + ' steps' : '')), legend()),
    sums(run, scale, gaps), axis, el('div', 'lanes', ...steps.map(step => lane(step, zero, scale, now))));
}

async function refresh() {
  try {
    list = (await ask('runs')).runs;
    renderList();
    if (chosen) {
      const wanted = chosen;
      const answer = await ask('runs/' + encodeURIComponent(wanted.id) + (wanted.tenant ? '?tenant=' + encodeURIComponent(wanted.tenant) : '')).catch(failure => failure);
      if (wanted !== chosen) return;
      problem = answer instanceof Error ? (answer.status === 404 ? 'This replica knows no run of that name any more.' : answer.status === 400 ? 'Several tenants have a run of that name: choose one from the list.' : answer.message) : '';
      timeline = answer instanceof Error ? null : answer;
    }
    renderTimeline();
  } catch (failure) {
    // The connection's own state is shown at the top of the page; the next round tries again.
    problem = timeline ? '' : failure.message;
  }
}

/** The view was opened; rest is what stands behind the first slash of the address. */
export function openView(rest) {
  const [id, tenant] = rest.split('?').map(decodeURIComponent);
  const next = id ? { id, tenant: tenant || '' } : null;
  if (JSON.stringify(next) !== JSON.stringify(chosen)) {
    chosen = next;
    timeline = null;
    problem = '';
  }
  renderList();
  renderTimeline();
  clearInterval(timer);
  timer = setInterval(refresh, REFRESH_MILLIS);
  refresh();
}

export function closeView() {
  clearInterval(timer);
}

export function hear(newest) {
  state = newest;
}

/** Call once. */
export function begin() {
  $('several').addEventListener('change', renderList);
}

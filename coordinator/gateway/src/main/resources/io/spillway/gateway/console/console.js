// Puts the views together: which is shown, and what each hears.
import { $, clock, ago } from './text.js';
import * as charts from './charts.js';
import * as overview from './overview.js';
import * as requests from './requests.js';
import * as runs from './runs.js';
import { start } from './feed.js';

const VIEWS = ['overview', 'requests', 'runs', 'errors'];
let state = null, view = '';

function render() {
  if (!state) return;
  if (view === 'overview') charts.sums(state.totals);
  overview.show(state);
  overview.errors(state);
  requests.show(state, view === 'requests');
  runs.hear(state);
}

function route() {
  const hash = location.hash.slice(1);
  const name = hash.split('/')[0];
  const next = VIEWS.includes(name) ? name : 'overview';
  document.querySelectorAll('[data-page]').forEach(page => { page.hidden = page.dataset.page !== next; });
  document.querySelectorAll('nav a').forEach(link => link.dataset.view === next ? link.setAttribute('aria-current', 'page') : link.removeAttribute('aria-current'));
  if (view === 'runs' && next !== 'runs') runs.closeView();
  view = next;
  if (view === 'overview') charts.show();
  if (view === 'runs') runs.openView(hash.includes('/') ? hash.slice(hash.indexOf('/') + 1) : '');
  render();
}

function link({ quietMillis, trouble, lost }) {
  $('dot').className = 'dot ' + (lost ? 'bad' : state ? 'good' : '');
  $('when').textContent = lost ? 'not connected' : state ? 'live · ' + clock(state.epoch_millis) : 'connecting';
  const shown = lost && trouble !== 'needs a key';
  $('lost').hidden = !shown;
  document.body.classList.toggle('stale', lost && state !== null);
  if (shown) {
    const age = quietMillis === null ? 'Nothing has been heard yet.' : 'What you see is of ' + clock(state.epoch_millis) + ', ' + ago(quietMillis) + '.';
    $('lost').textContent = 'Not connected: ' + (trouble || 'nothing has come for a while') + '. ' + age + ' Trying again every second.';
  }
}

document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || /INPUT|TEXTAREA/.test(event.target.tagName)) return;
  const number = Number(event.key);
  if (number >= 1 && number <= VIEWS.length) location.hash = VIEWS[number - 1];
  if (event.key === '/') {
    event.preventDefault();
    location.hash = 'requests';
    setTimeout(() => $('request-filter').focus());
  }
});

charts.begin();
overview.begin();
requests.begin();
runs.begin();
addEventListener('hashchange', route);
route();
start({
  history: ({ samples }) => charts.before(samples),
  state: next => {
    state = next;
    document.body.classList.remove('waiting');
    charts.add(state.sample, state.changes);
    render();
    link({ quietMillis: 0, trouble: null, lost: false });
  },
  link,
});

// The first view: is anything wrong, and where.
import { $, el, titled, cell, keyed, bar, bytes, count, percent, time, clock, ago, plural } from './text.js';
import { recent } from './charts.js';

const TIERS = ['device', 'host', 'remote', 'disk', 'computed'];
const GHOST_MILLIS = 600_000;
const REFUSED_MIN = 10;
const FOREVER_MILLIS = 1e12;
const LEVELS = { GOOD: 'good', WARN: 'warn', BAD: 'bad' };

/** Members that are gone, the latest word on each. */
function ghosts(state) {
  const present = new Set(state.members.map(member => member.id));
  const gone = new Map();
  for (const change of state.changes) {
    if (change.subject && !present.has(change.subject) && !gone.has(change.subject) && (change.kind === 'LEFT' || change.kind === 'LOST')
        && state.epoch_millis - change.epoch_millis < GHOST_MILLIS) gone.set(change.subject, change);
  }
  return [...gone.values()];
}

function reasons(state) {
  const found = [];
  const add = (level, text, where) => found.push({ level, text, where });
  if (state.replicas.length && !state.replicas.some(replica => replica.leading)) add('bad', 'no coordinator leads', 'overview');
  const engines = state.members.filter(member => member.role === 'engine');
  if (!engines.some(member => member.reachable)) add('bad', 'no engine can be reached', 'overview');
  for (const member of state.members) {
    if (!member.reachable) add('bad', member.id + ' cannot be reached', 'overview');
    else if (!member.reporting) add('warn', member.id + ' has not reported yet', 'overview');
  }
  for (const ghost of ghosts(state)) {
    add(ghost.level === 'BAD' ? 'bad' : 'warn', ghost.subject + (ghost.level === 'BAD' ? ' was lost ' : ' left ') + ago(state.epoch_millis - ghost.epoch_millis), 'overview');
  }
  const minute = recent(60_000);
  const sum = value => minute.reduce((total, sample) => total + value(sample), 0);
  const refused = sum(sample => sample.refused_per_second);
  if (sum(sample => sample.failed_per_second) > 0) add('bad', 'answers failed in the last minute', 'errors');
  // Some callers always err; it is a sign only when they are many.
  if (refused > REFUSED_MIN && refused > sum(sample => sample.finished_per_second)) add('warn', 'more requests refused than answered in the last minute', 'errors');
  if (state.totals.queued > 0) add('warn', plural(state.totals.queued, 'request') + ' wait' + (state.totals.queued === 1 ? 's' : '') + ' for a node', 'requests');
  return found;
}

function verdict(state) {
  const found = reasons(state);
  const level = found.some(reason => reason.level === 'bad') ? 'bad' : found.length ? 'warn' : 'good';
  const word = { good: 'Serving, nothing stands out', warn: 'Serving, with remarks', bad: 'Something is wrong' }[level];
  const of = role => state.members.filter(member => member.role === role).length;
  const node = $('verdict');
  node.className = 'verdict ' + level;
  node.replaceChildren(el('span', 'dot ' + level), el('b', '', word), ...found.slice(0, 6).map(reason => {
    const link = el('a', 'reason ' + reason.level, reason.text);
    link.href = '#' + reason.where;
    return link;
  }), found.length > 6 ? el('span', 'hint', 'and ' + (found.length - 6) + ' more') : '');
  $('facts').textContent = plural(state.replicas.length, 'coordinator') + ' · ' + plural(of('engine'), 'engine') + ' · ' + plural(of('store'), 'store');
}

function replica(r) {
  return [el('div', 'replica', el('span', 'dot ' + (r.leading ? 'good' : '')), el('b', '', r.id), r.leading ? el('span', 'lead', 'leads') : null, r.self ? el('span', '', 'this one') : null,
    el('span', '', 'term ' + r.term + (r.applied_index >= 0 ? ' · log ' + count(r.applied_index) : '')))];
}

function held(tiers) {
  const node = el('div', 'held');
  for (const name of ['device', 'host', 'disk']) {
    const tier = tiers.find(each => each.tier === name);
    if (!tier) continue;
    const byBlocks = tier.max_blocks > 0;
    const whole = byBlocks ? tier.max_blocks : tier.max_bytes, used = byBlocks ? tier.used_blocks : tier.used_bytes, leased = byBlocks ? tier.leased_blocks : 0;
    const title = name + ': ' + count(tier.used_blocks) + ' blocks, ' + bytes(tier.used_bytes) + ' of ' + bytes(tier.max_bytes) + (byBlocks ? '; ' + count(leased) + ' blocks in use by requests' : '');
    node.append(el('div', name, el('span', '', name + ' ' + bytes(tier.used_bytes) + ' · ' + percent(whole ? used / whole : -1)), bar([[leased / whole, 'k-leased'], [(used - leased) / whole, 'k-' + name]], title)));
  }
  return node.childNodes.length ? node : el('span', 'sub', 'no report yet');
}

function from(sources) {
  const tokens = TIERS.map(tier => [tier, sources[tier + '_tokens']]);
  const whole = tokens.reduce((sum, [, n]) => sum + n, 0);
  if (!whole) return el('span', 'sub', 'nothing yet');
  const title = tokens.map(([tier, n]) => count(n) + ' ' + tier).join(', ');
  return el('div', 'from', el('b', '', percent(1 - sources.computed_tokens / whole)), bar(tokens.map(([tier, n]) => [n / whole, 'k-' + tier]), title));
}

const lease = m => m.lease_left_millis > FOREVER_MILLIS ? '∞' : m.lease_left_millis < 0 ? 'out' : Math.ceil(m.lease_left_millis / 1000) + ' s';

function member(m) {
  const health = !m.reachable || m.lease_left_millis < 0 ? 'bad' : m.reporting ? 'good' : 'warn';
  const engine = m.role === 'engine';
  const name = titled(m.address + ' · epoch ' + m.epoch, cell('', '', el('span', 'dot ' + health), el('b', '', m.id)));
  return [el('tr', '', name, cell('', 'sub', engine ? m.model : 'store', m.reachable ? null : ' · unreachable'), cell('lease', 'n', lease(m)),
    cell('running', 'n', engine ? m.running_requests : '–'), cell('queued', 'n', engine ? m.queued_requests : '–'), cell('to prefill', 'n', engine ? count(m.queued_prefill_tokens) : '–'),
    cell('prefill', 'n', m.prefill_tokens_per_second ? count(m.prefill_tokens_per_second) + '/s' : '–'), cell('step', 'n', m.decode_step_nanos ? time(m.decode_step_nanos) : '–'),
    cell('where its prompts’ KV came from', 'span', engine ? from(m.sources) : ''), cell('KV held', 'span', held(m.tiers)))];
}

function ghost(change) {
  const rest = el('td', '', change.text + ' at ' + clock(change.epoch_millis));
  rest.colSpan = 9;
  rest.className = 'span';
  return [el('tr', 'ghost', el('td', '', el('span', 'dot ' + LEVELS[change.level]), el('b', '', change.subject)), rest)];
}

function members(state) {
  const rows = [...state.members.map(m => ({ member: m })), ...ghosts(state).map(change => ({ gone: change }))];
  if (!rows.length) {
    const none = el('td', 'empty', 'No member has registered yet.');
    none.colSpan = 10;
    $('members').kept = null;
    $('members').replaceChildren(el('tr', '', none));
    return;
  }
  // Step totals change all the time and are not in the table.
  keyed($('members'), rows.map(row => row.member ? { member: { ...row.member, steps: null } } : row), row => row.member ? row.member.id : 'gone ' + row.gone.subject,
    row => row.member ? member(row.member) : ghost(row.gone));
}

const empty = text => el('li', 'empty', text);

function logs(state) {
  const changes = $('changes'), errors = $('latest-errors');
  if (state.changes.length) {
    keyed(changes, state.changes.slice(0, 40), change => change.epoch_millis + change.subject + change.text, change =>
      [el('li', '', el('time', '', clock(change.epoch_millis)), el('span', 'dot ' + LEVELS[change.level]), el('b', '', change.subject || 'cluster'), el('span', '', change.text))]);
  } else {
    changes.kept = null;
    changes.replaceChildren(empty('Nothing has changed since this replica started.'));
  }
  if (state.errors.recent.length) {
    keyed(errors, state.errors.recent.slice(0, 40), error => error.epoch_millis + error.request + error.code, error =>
      [el('li', '', el('time', '', clock(error.epoch_millis)), el('span', 'dot ' + fault(error)), el('b', '', error.code), el('span', '', error.status + (error.broken ? ', mid-stream' : '') + ' · ' + error.path))]);
  } else {
    errors.kept = null;
    errors.replaceChildren(empty('No error has been answered.'));
  }
}

/** How bad an error is: what the caller can mend is a remark. */
export const fault = error => error.code === 'cancelled' ? '' : error.broken || error.status >= 500 ? 'bad' : 'warn';

/** The legend of tiers; call once. */
export function begin() {
  $('tier-legend').append(el('span', '', el('i', 'k-leased'), 'in use'), ...TIERS.map(tier => el('span', '', el('i', 'k-' + tier), tier)));
}

export function show(state) {
  verdict(state);
  keyed($('replicas'), state.replicas, r => r.id, replica);
  members(state);
  logs(state);
}

/** The view of errors. */
export function errors(state) {
  keyed($('codes'), state.errors.by_code, row => row.code, row => [el('tr', '', el('td', '', el('span', 'state', el('span', 'dot ' + fault({ ...row, broken: false })), row.code)),
    el('td', 'n', row.status), el('td', 'n', count(row.count)), el('td', 'n', clock(row.last_epoch_millis)))]);
  $('no-codes').hidden = state.errors.by_code.length > 0;
  keyed($('error-rows'), state.errors.recent.map((error, i, all) => ({ ...error, n: all.length - i })), error => error.n + error.code + error.epoch_millis, error =>
    [el('tr', '', el('td', '', clock(error.epoch_millis)), el('td', '', el('span', 'state', el('span', 'dot ' + fault(error)), error.code)), el('td', 'n', error.status, error.broken ? el('span', 'sub', ' mid-stream') : null),
      el('td', '', error.path), titled(error.request, el('td', 'id', error.request || '–')))]);
  const failed = recent(60_000).some(sample => sample.failed_per_second > 0);
  $('error-count').hidden = !failed;
  $('error-count').textContent = '!';
}

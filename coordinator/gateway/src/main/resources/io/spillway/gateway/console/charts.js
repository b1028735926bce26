// The charts: ten minutes, one point a second. One cursor for all of them; the values under it stand in the titles.
import { $, el, bytes, count, rate, percent, time, clock, money } from './text.js';

const SPAN_MILLIS = 600_000;
const SPAN_MILLIS_MIN = 120_000;
const GAP_MILLIS = 5_000;
const known = n => n < 0 ? null : n;

const SPECS = [
  { id: 'tokens', title: 'Tokens per second', note: 'of all engines', write: rate, lines: [['output', 'a', s => s.output_tokens_per_second], ['prefill', 'b', s => s.computed_tokens_per_second]] },
  { id: 'load', title: 'Requests in progress', write: count, whole: true, lines: [['on nodes', 'a', s => s.in_flight], ['unplaced', 'bad', s => s.queued], ['queued', 'b', s => s.node_queued]] },
  { id: 'ttft', title: 'Time to first token', write: time, time: true, lines: [['p50', 'a', s => known(s.ttft.p50_nanos)], ['p99', 'b', s => known(s.ttft.p99_nanos)]] },
  { id: 'itl', title: 'Time between tokens', write: time, time: true, lines: [['p50', 'a', s => known(s.itl.p50_nanos)], ['p99', 'b', s => known(s.itl.p99_nanos)]] },
  { id: 'hits', title: 'Prompt tokens found cached', write: percent, max: 1, lines: [['hit rate', 'a', s => known(s.hit_rate)]] },
  { id: 'answers', title: 'Answers per second', write: rate, lines: [['finished', 'a', s => s.finished_per_second], ['refused', 'b', s => s.refused_per_second], ['failed', 'bad', s => s.failed_per_second]] },
  { id: 'kv', title: 'KV held', note: 'all members', write: bytes, stacked: true, lines: [['device', 'a', s => s.used_bytes.device], ['host', 'c', s => s.used_bytes.host], ['disk', 'e', s => s.used_bytes.disk]] },
];

let samples = [], marks = [], cursor = null;
const charts = new Map();

/** light-dark() is resolved by the browser only where a colour is used. */
function resolved(name) {
  const probe = $('charts');
  probe.style.color = 'var(--' + name + ')';
  const value = getComputedStyle(probe).color;
  probe.style.color = '';
  return value;
}

const overlay = {
  id: 'overlay',
  beforeDatasetsDraw(chart) {
    const { ctx, chartArea: area, scales: { x } } = chart;
    ctx.save();
    ctx.setLineDash([2, 3]);
    for (const mark of marks) {
      if (mark.epoch_millis < x.min) continue;
      const at = Math.round(x.getPixelForValue(mark.epoch_millis)) + .5;
      ctx.strokeStyle = chart.marks[mark.level];
      ctx.beginPath(); ctx.moveTo(at, area.top); ctx.lineTo(at, area.bottom); ctx.stroke();
    }
    ctx.restore();
  },
  afterDatasetsDraw(chart) {
    if (cursor === null) return;
    const { ctx, chartArea: area, scales: { x } } = chart;
    const at = Math.round(x.getPixelForValue(cursor)) + .5;
    if (at < area.left || at > area.right) return;
    ctx.save();
    ctx.strokeStyle = chart.soft;
    ctx.beginPath(); ctx.moveTo(at, area.top); ctx.lineTo(at, area.bottom); ctx.stroke();
    ctx.restore();
  },
  afterEvent(chart, { event, inChartArea }) {
    const next = event.type !== 'mouseout' && inChartArea ? chart.scales.x.getValueForPixel(event.x) : null;
    if (next !== cursor) { cursor = next; redraw(); }
  },
};

function options(spec) {
  const soft = resolved('soft'), grid = resolved('grid');
  const ticks = { color: soft, font: { size: 10 }, padding: 4 };
  return {
    animation: false, responsive: true, maintainAspectRatio: false, parsing: false, normalized: true, spanGaps: GAP_MILLIS,
    events: ['mousemove', 'mouseout', 'touchstart', 'touchmove'],
    elements: { point: { radius: 0, hoverRadius: 0, hitRadius: 0 }, line: { borderWidth: 1.5, borderJoinStyle: 'round' } },
    plugins: { legend: { display: false }, tooltip: { enabled: false } },
    scales: {
      x: { type: 'linear', border: { display: false }, grid: { color: grid, tickLength: 0 }, afterBuildTicks: minutes,
        ticks: { ...ticks, maxRotation: 0, callback: value => value % 60_000 ? '' : new Date(value).toLocaleTimeString([], { hour12: false, hour: '2-digit', minute: '2-digit' }) } },
      y: { position: 'right', stacked: Boolean(spec.stacked), beginAtZero: true, suggestedMax: spec.max ?? (spec.whole ? 4 : spec.time ? 1e6 : 1), max: spec.max,
        border: { display: false }, grid: { color: grid, tickLength: 0 }, afterBuildTicks: axis => { if (spec.time || spec.stacked) few(axis); }, afterFit: axis => { axis.width = 52; },
        ticks: { ...ticks, maxTicksLimit: 4, precision: spec.whole ? 0 : undefined, callback: value => value === 0 ? '0' : spec.write(value) } },
    },
  };
}

/** Ticks at round times of the clock. */
function minutes(axis) {
  const span = axis.max - axis.min, step = span > 300_000 ? 120_000 : span > 150_000 ? 60_000 : 30_000, edge = span / 24;
  axis.ticks = [];
  for (let at = Math.ceil((axis.min + edge) / step) * step; at <= axis.max - edge; at += step) axis.ticks.push({ value: at });
}

/** The next bound that is round in bytes. */
function binary(most) {
  const step = 2 ** Math.max(10, Math.floor(Math.log2(Math.max(1, most))) - 1);
  return Math.ceil(most / step) * step;
}

/** Ticks that are round in seconds or bytes, not in powers of ten of nanoseconds. */
function few(axis) {
  axis.ticks = [0, 1, 2].map(i => ({ value: axis.max * i / 2 }));
}

function build(spec) {
  const canvas = el('canvas');
  canvas.setAttribute('role', 'img');
  const values = el('div', 'values'), at = el('time');
  const card = el('div', 'chart', el('h2', '', spec.title, spec.note ? el('span', 'hint', spec.note) : null, at), values, el('div', 'canvas', canvas));
  card.dataset.chart = spec.id;
  $('charts').append(card);
  const chart = new window.Chart(canvas, {
    type: 'line', plugins: [overlay], options: options(spec),
    data: { datasets: spec.lines.map(([label]) => ({ label, data: [], fill: spec.stacked ? 'stack' : false })) },
  });
  charts.set(spec.id, { spec, chart, canvas, values, at });
  paint(charts.get(spec.id));
}

function paint({ spec, chart }) {
  chart.soft = resolved('soft');
  chart.marks = { BAD: resolved('bad'), WARN: resolved('warn'), GOOD: resolved('good') };
  chart.options = options(spec);
  spec.lines.forEach(([, name], i) => {
    const line = resolved(name);
    chart.data.datasets[i].borderColor = line;
    chart.data.datasets[i].backgroundColor = line.replace('rgb(', 'rgba(').replace(')', ', .25)');
  });
}

/** The sample under the cursor, or the newest. */
function shown() {
  if (cursor === null || !samples.length) return samples.at(-1);
  return samples.reduce((best, sample) => Math.abs(sample.epoch_millis - cursor) < Math.abs(best.epoch_millis - cursor) ? sample : best);
}

function redraw() {
  const sample = shown();
  for (const { spec, chart, canvas, values, at } of charts.values()) {
    at.textContent = cursor !== null && sample ? clock(sample.epoch_millis) : '';
    const texts = spec.lines.map(([label, name, value]) => [label, name, sample && value(sample) !== null ? spec.write(value(sample)) : '–']);
    values.replaceChildren(...texts.map(([label, name, text]) => {
      const swatch = el('i');
      swatch.style.background = 'var(--' + name + ')';
      return el('span', '', swatch, el('b', '', text), ' ' + label);
    }));
    canvas.setAttribute('aria-label', spec.title + ': ' + texts.map(([label, , text]) => label + ' ' + text).join(', '));
    chart.draw();
  }
}

function refill() {
  const end = samples.length ? samples.at(-1).epoch_millis : Date.now();
  // A server that has just started has no ten minutes: what there is is drawn larger.
  const span = Math.min(SPAN_MILLIS, Math.max(SPAN_MILLIS_MIN, samples.length ? end - samples[0].epoch_millis : 0));
  for (const { spec, chart } of charts.values()) {
    // The options as given: what chart.options shows are those of the last update.
    const { x, y } = chart.config.options.scales;
    x.min = end - span;
    x.max = end;
    spec.lines.forEach(([, , value], i) => {
      chart.data.datasets[i].data = samples.map(sample => ({ x: sample.epoch_millis, y: value(sample) }));
    });
    if (spec.stacked) y.max = binary(Math.max(...samples.map(sample => spec.lines.reduce((sum, [, , value]) => sum + value(sample), 0))));
    chart.update('none');
  }
  redraw();
}

/** Makes the charts; call once, when the library is there. */
export function begin() {
  window.Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  SPECS.forEach(build);
  const totals = el('div', 'chart totals', el('h2', '', 'Since this replica started'), el('dl'));
  $('charts').append(totals);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { charts.forEach(paint); refill(); });
}

/** What was before the page was opened. */
export function before(all) {
  samples = all;
  refill();
}

/** One more second. */
export function add(sample, changes) {
  marks = changes.filter(change => change.level !== 'GOOD');
  if (sample && (!samples.length || sample.epoch_millis > samples.at(-1).epoch_millis)) {
    samples.push(sample);
    samples = samples.filter(old => old.epoch_millis >= sample.epoch_millis - SPAN_MILLIS);
    if (!document.hidden && !$('charts').closest('section').hidden) refill();
  }
}

/** The view with the charts was opened. */
export const show = () => refill();

/** @returns the samples of the last milliseconds */
export const recent = milliseconds => samples.filter(sample => sample.epoch_millis > samples.at(-1).epoch_millis - milliseconds);

/** The tile of sums. */
export function sums(t) {
  const rows = [[count(t.finished), 'finished'], [count(t.failed), 'failed'], [count(t.cancelled), 'cancelled'], [count(t.failed_over), 'failed over'],
    [count(t.prompt_tokens), 'prompt tokens'], [percent(t.prompt_tokens ? t.cached_tokens / t.prompt_tokens : -1), 'of it cached'],
    [count(t.output_tokens), 'output tokens'], [money(t.cost_nano_dollars), 'cost']];
  document.querySelector('.totals dl').replaceChildren(...rows.map(([value, name]) => el('div', '', el('dt', '', name), el('dd', '', value))));
}

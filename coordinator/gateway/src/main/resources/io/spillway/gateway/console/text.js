// How numbers are written, and how elements are made: text only ever becomes a text node.

export const $ = id => document.getElementById(id);

/** An element; children are nodes or texts, null is left out. */
export function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter(child => child !== null && child !== undefined).map(child => child instanceof Node ? child : String(child)));
  return node;
}

/** An element with a tooltip. */
export function titled(title, node) {
  node.title = title;
  return node;
}

/** A cell that says its column's name where there is no table head. */
export function cell(name, className, ...children) {
  const node = el('td', className, ...children);
  node.dataset.name = name;
  return node;
}

export const count = n => n >= 1e9 ? (n / 1e9).toFixed(1) + 'G' : n >= 1e6 ? (n / 1e6).toFixed(1) + 'M' : n >= 1e4 ? (n / 1e3).toFixed(n < 1e5 ? 1 : 0) + 'k' : String(Math.round(n));

export const rate = n => n === 0 ? '0' : n < 10 ? n.toFixed(1) : count(n);

export function bytes(n) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let i = 0;
  while (n >= 1024 && i < 4) { n /= 1024; i++; }
  return (i && n < 100 ? n.toFixed(1) : Math.round(n)) + ' ' + units[i];
}

export function time(nanos) {
  if (nanos === null || nanos < 0) return '–';
  if (nanos < 1e6) return (nanos / 1e3).toFixed(0) + ' µs';
  if (nanos < 1e9) return (nanos / 1e6).toFixed(nanos < 1e7 ? 1 : 0) + ' ms';
  if (nanos < 6e10) return (nanos / 1e9).toFixed(2) + ' s';
  return nanos < 3.6e12 ? (nanos / 6e10).toFixed(1) + ' min' : (nanos / 3.6e12).toFixed(1) + ' h';
}

export const millis = n => n < 0 ? '–' : time(n * 1e6);

export const percent = part => part < 0 || Number.isNaN(part) ? '–' : (100 * part).toFixed(part > 0 && part < 0.0995 || part > 0.9905 && part < 0.9995 ? 1 : 0) + '%';

export function money(nano) {
  const usd = nano / 1e9;
  return '$' + (usd === 0 ? '0' : usd < 0.01 ? Number(usd.toPrecision(2)).toFixed(Math.min(9, 1 - Math.floor(Math.log10(usd)))) : usd.toFixed(2));
}

export const clock = epochMillis => new Date(epochMillis).toLocaleTimeString([], { hour12: false });

export const ago = milliseconds => milliseconds < 1500 ? 'just now' : milliseconds < 9e4 ? Math.round(milliseconds / 1e3) + ' s ago' : milliseconds < 5.4e6 ? Math.round(milliseconds / 6e4) + ' min ago' : Math.round(milliseconds / 3.6e6) + ' h ago';

export const plural = (n, noun) => count(n) + ' ' + noun + (n === 1 ? '' : 's');

export const short = (id, chars) => id.length > chars ? id.slice(0, Math.ceil(chars / 2) - 1) + '…' + id.slice(-(Math.floor(chars / 2))) : id;

/** A bar of parts, each [share of the whole from 0 to 1, class]. */
export function bar(parts, title) {
  const node = el('div', 'bar', ...parts.filter(([share]) => share > 0).map(([share, className]) => {
    const part = el('i', className);
    part.style.width = Math.min(100, 100 * share).toFixed(2) + '%';
    return part;
  }));
  return titled(title, node);
}

/**
 * Brings the children of a parent in line with items, and leaves alone what did not change: focus, selection and scroll stay.
 *
 * @param key   item to a string that stays its own
 * @param build item to an array of elements
 */
export function keyed(parent, items, key, build) {
  const old = parent.kept ?? new Map();
  const kept = new Map();
  const wanted = [];
  for (const item of items) {
    const name = key(item), look = JSON.stringify(item);
    let entry = old.get(name);
    if (!entry || entry.look !== look) {
      const nodes = build(item);
      const focused = entry && entry.nodes.findIndex(node => node === document.activeElement);
      entry = { look, nodes, focus: focused >= 0 && entry ? nodes[focused] : null };
    }
    kept.set(name, entry);
    wanted.push(...entry.nodes);
  }
  parent.kept = kept;
  if (wanted.length !== parent.childNodes.length || wanted.some((node, i) => parent.childNodes[i] !== node)) {
    parent.replaceChildren(...wanted);
  }
  for (const entry of kept.values()) {
    if (entry.focus) entry.focus.focus({ preventScroll: true });
    entry.focus = null;
  }
}

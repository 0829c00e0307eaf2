// What both kinds of drawing need: data, numbers as text, axes, colours of the theme.
const page = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
const one = (selector) => document.querySelector(selector);

// A number with four digits; a dash where there is none.
const words = (value) =>
  value === null || value === undefined || !Number.isFinite(value)
    ? "–" : String(Number(value.toPrecision(4))).replace("-", "−");
const signed = (value) =>
  (value > 0 ? "+" : "") + words(Number(value.toPrecision(3)));

const themed = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

// Smallest and largest known number; null without any.
function ends(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}

// About n round numbers that lie between two values.
function ticks(low, high, n, isWhole) {
  const rough = Math.max((high - low) / n, isWhole ? 1 : 0);
  const power = 10 ** Math.floor(Math.log10(rough));
  const round = isWhole && power === 1 ? [1, 2, 5, 10] : [1, 2, 2.5, 5, 10];
  const step = round.find((k) => k * power >= rough * (1 - 1e-9)) * power;
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k += 1) {
    found.push(Number((k * step).toPrecision(12)));
  }
  return found;
}

function logTicks(low, high) {
  const found = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e += 1) {
    for (const k of [1, 2, 5]) {
      const tick = Number((k * 10 ** e).toPrecision(6));
      if (tick >= low && tick <= high) found.push(tick);
    }
  }
  return found.length > 7 ? found.filter((t) => /^[0.]*1/.test(String(t))) : found;
}

// An axis, of the kind "log", "whole" or none: where values lie in pixels, its ticks.
function axis(range, from, to, n, kind) {
  const isLog = kind === "log";
  let [low, high] = range || [0, 1];
  if (isLog) {
    low = Math.log10(low); high = Math.log10(high);
  }
  const margin = (high - low) * 0.04 || Math.abs(high) * 0.1 || 1;
  low -= margin; high += margin;
  const scale = (to - from) / (high - low);
  const place = (value) => from + ((isLog ? Math.log10(value) : value) - low) * scale;
  const marks = isLog ? logTicks(10 ** low, 10 ** high) : ticks(low, high, n, kind === "whole");
  return { place, marks, low, high };
}

// Puts a name on every entry of a list of choices.
function fill(select, names, chosen) {
  names.forEach((name, index) => select.add(new Option(name, String(index))));
  select.value = String(chosen);
}

// Draws again when the theme or the width changes.
function whenLooksChange(element, draw) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  let width = 0;
  new ResizeObserver(() => {
    if (element.clientWidth !== width) {
      width = element.clientWidth;
      draw();
    }
  }).observe(element);
}

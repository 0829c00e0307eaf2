// The units one by one: the scores of two variants against each other, and their
// difference against the rate. A canvas stays fluid with thousands of points.
const RAMP = ["#4a63c8", "#3487b8", "#2a9d8f", "#9a9a33", "#d08416", "#d2492a"];
const HEIGHT = 380;
const MARGIN = { left: 58, right: 12, top: 12, bottom: 44 };
const MOST_STEPS = 12; // different values; more are drawn where they are
const REACH = 24; // pixels from the pointer to a point that it means

if (page.units) {
  const units = page.units;
  const n = units.names.length;
  const [across, up, metric, colour] = ["across", "up", "metric", "colour"]
    .map((name) => one("#points select[name=" + name + "]"));
  const readout = one("#points .readout");
  const find = one("#points input[type=search]");
  const names = page.variants.map((variant) => variant.name);
  // The first two with scores: the baseline and the best, if both have any.
  const known = names.map((_, v) => v)
    .filter((v) => units.metrics[0].values[v].some((value) => value !== null));
  fill(across, names, known[0] ?? 0);
  fill(up, names, known[1] ?? known[0] ?? 0);
  fill(metric, units.metrics.map((one) => one.words), 0);
  const painters = colourings();
  fill(colour, painters.map((painter) => painter.name), 0);

  // Ways to colour the points: how many colours, whose turn it is, and the legend.
  function colourings() {
    const found = [];
    for (const [name, unit, values] of [
      ["rate", "Hz", units.rate], ["reliability", "", units.reliability]]) {
      if (values && ends(values)) found.push(byNumber(name, unit, values));
    }
    found.push(byName(page.group, units.groups, units.group));
    if (units.kinds) found.push(byName("kind", units.kinds, units.kind));
    return found;
  }

  // By rank, as rates are skewed: each colour has equally many points.
  function byNumber(name, unit, values) {
    const sorted = values.filter((v) => v !== null).sort((a, b) => a - b);
    const rank = (v) => sorted.findIndex((other) => other >= v) / sorted.length;
    const bins = new Map(sorted.map((v) => [v, -1]));
    for (const v of bins.keys()) bins.set(v, Math.floor(rank(v) * RAMP.length));
    const short = (v) => String(Number(v.toPrecision(2)));
    const edge = (k) => sorted[Math.min(sorted.length - 1,
      Math.floor((k * sorted.length) / RAMP.length))];
    const legend = RAMP.map((paint, k) =>
      [paint, short(edge(k)) + " to " + short(edge(k + 1)) + " " + unit]);
    return { name, legend, of: (i) =>
      values[i] === null ? page.faint : RAMP[bins.get(values[i])] };
  }

  function byName(name, all, index) {
    const paint = (k) => page.palette[k % page.palette.length];
    return { name, legend: all.map((text, k) => [paint(k), text]),
             of: (i) => paint(index[i]) };
  }

  const values = () => units.metrics[metric.value].values;
  const plots = [
    {
      box: one("#scatter"), isSquare: true,
      x: (i) => values()[across.value][i], y: (i) => values()[up.value][i],
      labels: () => [names[across.value], names[up.value]],
    },
    {
      box: one("#by-rate"), isLog: true,
      x: (i) => (units.rate && units.rate[i] > 0 ? units.rate[i] : null), y: difference,
      labels: () => ["rate (Hz)", "difference"],
    },
  ].filter((plot) => plot.box);
  let chosen = -1;

  function difference(i) {
    const a = values()[across.value][i], b = values()[up.value][i];
    return a === null || b === null ? null : b - a;
  }

  function draw(plot) {
    const canvas = plot.box.querySelector("canvas");
    const width = plot.box.clientWidth, ratio = devicePixelRatio || 1;
    canvas.width = width * ratio;
    canvas.height = HEIGHT * ratio;
    canvas.style.width = width + "px";
    canvas.style.height = HEIGHT + "px";
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const all = [...Array(n).keys()];
    const xs = apart(all.map(plot.x), 12.9898), ys = apart(all.map(plot.y), 78.233);
    let [rangeX, rangeY] = [ends(xs), ends(ys)];
    if (plot.isSquare) rangeX = rangeY = ends([...(rangeX || []), ...(rangeY || [])]);
    const right = width - MARGIN.right, floor = HEIGHT - MARGIN.bottom;
    const many = Math.max(3, Math.floor(width / 100));
    const x = axis(rangeX || undefined, MARGIN.left, right, many, plot.isLog && rangeX ? "log" : "");
    const y = axis(rangeY || undefined, floor, MARGIN.top, 5);
    frame(pen, x, y, right, floor, plot.labels());
    pen.strokeStyle = themed("faint");
    pen.setLineDash([5, 4]);
    const diagonal = [x.place(x.low), y.place(x.low), x.place(x.high), y.place(x.high)];
    const level = [MARGIN.left, y.place(0), right, y.place(0)];
    stroke(pen, plot.isSquare ? diagonal : level);
    pen.setLineDash([]);
    const painter = painters[colour.value];
    const byColour = new Map();
    plot.places = all.map((i) => {
      if (xs[i] === null || ys[i] === null) return null;
      const place = [x.place(xs[i]), y.place(ys[i])];
      const paint = painter.of(i);
      if (!byColour.has(paint)) byColour.set(paint, new Path2D());
      const path = byColour.get(paint);
      path.moveTo(place[0] + 2.6, place[1]);
      path.arc(place[0], place[1], 2.6, 0, 2 * Math.PI);
      return place;
    });
    pen.globalAlpha = n > 2000 ? 0.45 : 0.75;
    for (const [paint, path] of byColour) {
      pen.fillStyle = paint;
      pen.fill(path);
    }
    pen.globalAlpha = 1;
    if (!plot.isSquare) means(pen, xs, ys, x, y);
    mark(plot);
  }

  // Few different values, as of answers that are right or wrong, would lie on top of
  // each other: they are spread by less than a third of the gap between two.
  function apart(values, salt) {
    const steps = [...new Set(values)].filter((v) => v !== null).sort((a, b) => a - b);
    if (steps.length < 2 || steps.length > MOST_STEPS || values.length < 30) return values;
    const gaps = steps.slice(1).map((v, k) => v - steps[k]);
    const width = 0.6 * Math.min(...gaps);
    const noise = (i) => Math.abs(Math.sin((i + 1) * salt) * 43758.5453) % 1 - 0.5;
    return values.map((v, i) => (v === null ? null : v + width * noise(i)));
  }

  function frame(pen, x, y, right, floor, labels) {
    pen.font = "12px system-ui, sans-serif";
    pen.fillStyle = themed("faint");
    pen.strokeStyle = themed("line");
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const tick of y.marks) {
      stroke(pen, [MARGIN.left, y.place(tick), right, y.place(tick)]);
      pen.fillText(words(tick), MARGIN.left - 7, y.place(tick));
    }
    pen.textAlign = "center";
    pen.textBaseline = "top";
    for (const tick of x.marks) {
      stroke(pen, [x.place(tick), floor, x.place(tick), floor + 4]);
      pen.fillText(words(tick), x.place(tick), floor + 8);
    }
    const room = right - MARGIN.left;
    pen.fillText(labels[0], (MARGIN.left + right) / 2, HEIGHT - 17, room);
    pen.save();
    pen.translate(4, (MARGIN.top + floor) / 2);
    pen.rotate(-Math.PI / 2);
    pen.fillText(labels[1], 0, 0, floor - MARGIN.top);
    pen.restore();
  }

  function stroke(pen, [x1, y1, x2, y2]) {
    pen.beginPath();
    pen.moveTo(x1, y1);
    pen.lineTo(x2, y2);
    pen.stroke();
  }

  // Mean of each eighth of the units by rate, and twice its standard error.
  function means(pen, xs, ys, x, y) {
    const known = xs.map((_, i) => i).filter((i) => xs[i] !== null && ys[i] !== null);
    known.sort((a, b) => xs[a] - xs[b]);
    if (known.length < 80) return;
    const path = [];
    for (let k = 0; k < 8; k += 1) {
      const part = known.slice(Math.floor((k * known.length) / 8),
                               Math.floor(((k + 1) * known.length) / 8));
      const mean = part.reduce((sum, i) => sum + ys[i], 0) / part.length;
      const square = part.reduce((sum, i) => sum + (ys[i] - mean) ** 2, 0);
      const error = Math.sqrt(square / (part.length - 1) / part.length);
      path.push([x.place(xs[part[part.length >> 1]]), mean, error]);
    }
    for (const [paint, thick] of [[themed("paper"), 5], [themed("ink"), 2]]) {
      pen.strokeStyle = paint;
      pen.lineWidth = thick;
      pen.beginPath();
      for (const [at, mean] of path) pen.lineTo(at, y.place(mean));
      pen.stroke();
      for (const [at, mean, error] of path) {
        stroke(pen, [at, y.place(mean - 2 * error), at, y.place(mean + 2 * error)]);
      }
    }
    pen.lineWidth = 1;
  }

  // The ring around the unit that is chosen.
  function mark(plot) {
    const ring = plot.box.querySelector(".ring");
    const place = plot.places && plot.places[chosen];
    ring.hidden = !place;
    if (place) {
      ring.style.left = place[0] + "px";
      ring.style.top = place[1] + "px";
    }
  }

  function choose(i) {
    chosen = i;
    plots.forEach(mark);
    if (i < 0) {
      readout.textContent = summary();
      return;
    }
    const a = values()[across.value][i], b = values()[up.value][i];
    const about = [page.unit + " " + units.names[i] + " of " + units.groups[units.group[i]]];
    if (units.rate && units.rate[i] !== null) about.push(words(units.rate[i]) + " Hz");
    if (units.reliability && units.reliability[i] !== null) {
      about.push("reliability " + words(units.reliability[i]));
    }
    const scores = [names[across.value] + " " + words(a), names[up.value] + " " + words(b)];
    const step = difference(i);
    if (step !== null) scores.push("difference " + signed(step));
    readout.textContent = about.join(", ") + ": " + scores.join("; ");
  }

  function summary() {
    const steps = [...Array(n).keys()].map(difference).filter((step) => step !== null);
    if (!steps.length) return "No " + page.unit + " has both scores.";
    const share = (sign) =>
      Math.round(100 * steps.filter((step) => Math.sign(step) === sign).length / steps.length) + " %";
    const worse = steps.includes(0) ? ", worse for " + share(-1) : "";
    const mean = steps.reduce((sum, step) => sum + step, 0) / steps.length;
    return names[up.value] + " is better than " + names[across.value] + " for " +
      share(1) + " of " + steps.length.toLocaleString("en") + " " +
      page.unit + "s" + worse + "; mean difference " + signed(mean) + "." +
      (n < units.total ? " Of " + units.total.toLocaleString("en") + ", so many are drawn." : "");
  }

  function redraw() {
    const legend = one("#points .legend");
    legend.replaceChildren(...painters[colour.value].legend.map(([paint, text]) => {
      const item = document.createElement("li");
      const swatch = document.createElementNS(SVG, "svg");
      swatch.setAttribute("class", "swatch");
      swatch.setAttribute("viewBox", "0 0 8 8");
      const dot = document.createElementNS(SVG, "circle");
      for (const [key, value] of [["cx", 4], ["cy", 4], ["r", 4], ["fill", paint]]) {
        dot.setAttribute(key, value);
      }
      swatch.append(dot);
      item.append(swatch, text);
      return item;
    }));
    plots.forEach(draw);
    choose(chosen);
  }

  for (const plot of plots) {
    const canvas = plot.box.querySelector("canvas");
    const point = (event) => {
      const box = canvas.getBoundingClientRect();
      const x = event.clientX - box.left, y = event.clientY - box.top;
      let nearest = -1, least = REACH ** 2;
      plot.places.forEach((place, i) => {
        if (!place) return;
        const distance = (place[0] - x) ** 2 + (place[1] - y) ** 2;
        if (distance < least) [nearest, least] = [i, distance];
      });
      if (nearest !== chosen) choose(nearest);
    };
    canvas.addEventListener("pointermove", point);
    canvas.addEventListener("pointerdown", point);  // of a finger
    canvas.addEventListener("pointerleave", () => choose(-1));
    canvas.addEventListener("blur", () => choose(-1));
    canvas.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (move === undefined) return;
      event.preventDefault();
      // From left to right over the picture.
      const order = [...Array(n).keys()].filter((i) => plot.places[i]);
      order.sort((i, j) => plot.places[i][0] - plot.places[j][0]);
      const at = order.indexOf(chosen);
      const next = at < 0 ? (move > 0 ? 0 : order.length - 1) : at + move;
      choose(order[Math.min(Math.max(next, 0), order.length - 1)]);
    });
    whenLooksChange(plot.box, redraw);
  }
  for (const select of [across, up, metric, colour]) {
    select.addEventListener("change", redraw);
  }
  find.addEventListener("input", () => {
    const text = find.value.trim();
    choose(text ? units.names.findIndex((name) => name === text) : -1);
    if (text && chosen < 0) readout.textContent = "No " + page.unit + " " + text + ".";
  });
  one("#points .swap").addEventListener("click", () => {
    [across.value, up.value] = [up.value, across.value];
    redraw();
  });
  redraw();
}

// Learning curves: the mean of a variant over its seeds, its runs behind it.
const MOST_AT_ONCE = 12; // variants; of more, the first few are shown at first
const MOST_AT_FIRST = 6;
const MARKED_POINTS = 30; // up to so many, each point of a mean has a dot
const DASHES = ["", "7 4", "2 3", "9 3 2 3"];

if (page.curves) {
  const curves = page.curves;
  const box = one("#curves-drawing");
  const [metric, along] = ["metric", "along"]
    .map((name) => one("#curves-controls select[name=" + name + "]"));
  const isEach = one("#curves-controls input[type=checkbox]");
  const readout = one("#curves-readout");
  const isCrowded = page.variants.length > MOST_AT_ONCE;
  const shown = page.variants.map((_, v) => !isCrowded || v < MOST_AT_FIRST);
  let drawn = null;  // axes and means of the drawing that is there
  let position = -1;
  fill(metric, curves.metrics.map((one) => one.words), curves.first);
  fill(along, curves.axes.map((one) => one.words), 0);

  // The toggles are the legend.
  const toggles = page.variants.map((variant, v) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "toggle";
    button.append(key(variant), variant.name);
    button.addEventListener("click", () => show(v, !shown[v]));
    return button;
  });
  const all = (text, value) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.addEventListener("click", () => {
      shown.fill(value);
      redraw();
    });
    return button;
  };
  one("#curves-toggles").append(...toggles, all("all", true), all("none", false));

  function show(v, value) {
    shown[v] = value;
    redraw();
  }

  function key(variant) {
    const svg = element("svg", { viewBox: "0 0 24 8", class: "key", "aria-hidden": true });
    svg.append(element("line", {
      x1: 0, x2: 24, y1: 4, y2: 4, class: "curve", stroke: variant.colour,
      "stroke-dasharray": DASHES[variant.dash],
    }));
    return svg;
  }

  function element(name, attributes) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  // Points (x, y, row) of a run in the chosen metric.
  function pointsOf(run) {
    const x = run.x[along.value], y = run.y[metric.value];
    if (!x || !y) return [];
    return x.map((at, i) => [at, y[i], run.row[i]])
      .filter(([at, value]) => at !== null && value !== null);
  }

  // Mean over the runs of a variant at the rows that all of them have.
  function meanOf(runs) {
    const sums = new Map();
    for (const points of runs) {
      for (const [x, y, row] of points) {
        const sum = sums.get(row) || [0, 0, 0];
        sums.set(row, [sum[0] + x, sum[1] + y, sum[2] + 1]);
      }
    }
    return [...sums].filter(([, sum]) => sum[2] === runs.length)
      .map(([row, sum]) => [sum[0] / sum[2], sum[1] / sum[2], row])
      .sort((a, b) => a[0] - b[0]);
  }

  function redraw() {
    toggles.forEach((button, v) => button.setAttribute("aria-pressed", String(shown[v])));
    const width = box.clientWidth, height = Math.min(420, Math.max(260, width * 0.5));
    const svg = element("svg", { width, height, role: "img", tabindex: 0 });
    svg.setAttribute("aria-label", "Learning curves; arrow keys read them.");
    const groups = page.variants.map((_, v) => curves.runs
      .filter((run) => run.variant === v).map(pointsOf).filter((p) => p.length));
    const means = groups.map((runs, v) => (shown[v] && runs.length ? meanOf(runs) : []));
    const seen = groups.filter((_, v) => shown[v]).flat(2);
    const right = width - 14, floor = height - 46, left = 62;
    const x = axis(ends(seen.map((p) => p[0])), left, right, Math.max(3, Math.floor(width / 110)),
      curves.axes[along.value].words === "minutes" ? "" : "whole");
    const y = axis(ends(seen.map((p) => p[1])), floor, 12, 5);
    const text = (at, up, words, anchor, extra) => {
      const made = element("text", { x: at, y: up, "text-anchor": anchor, ...extra });
      made.textContent = words;
      svg.append(made);
    };
    for (const tick of y.marks) {
      const at = y.place(tick);
      svg.append(element("line", { class: "grid", x1: left, x2: right, y1: at, y2: at }));
      text(left - 7, at, words(tick), "end", { dy: "0.35em" });
    }
    for (const tick of x.marks) {
      const at = x.place(tick);
      const line = { class: "tick", x1: at, x2: at, y1: floor, y2: floor + 4 };
      svg.append(element("line", line));
      text(at, floor + 18, words(tick), "middle");
    }
    text((left + right) / 2, height - 6, curves.axes[along.value].words, "middle");
    groups.forEach((runs, v) => {
      if (!shown[v]) return;
      const variant = page.variants[v];
      const line = (points, kind) => {
        const places = points.map((p) => x.place(p[0]).toFixed(1) + "," +
          y.place(p[1]).toFixed(1));
        svg.append(element("polyline", {
          class: kind, points: places.join(" "), stroke: variant.colour,
          "stroke-dasharray": DASHES[variant.dash], "data-variant": v,
        }));
        if (kind === "curve run" || points.length > MARKED_POINTS) return;
        for (const p of points) {
          const dot = { cx: x.place(p[0]), cy: y.place(p[1]), r: 2.5 };
          svg.append(element("circle", { ...dot, fill: variant.colour }));
        }
      };
      if (isEach.checked) runs.forEach((points) => line(points, "curve run"));
      line(means[v], "curve mean");
    });
    const cursor = element("line", { class: "cursor", y1: 12, y2: floor, x1: -9, x2: -9 });
    svg.append(cursor);
    const follow = (event) => {
      const at = event.clientX - svg.getBoundingClientRect().left;
      const rows = drawn.rows;
      let nearest = 0;
      rows.forEach(([, place], i) => {
        if (Math.abs(place - at) < Math.abs(rows[nearest][1] - at)) nearest = i;
      });
      point(nearest);
    };
    svg.addEventListener("pointermove", follow);
    svg.addEventListener("pointerdown", follow);  // of a finger
    svg.addEventListener("pointerleave", () => point(-1));
    svg.addEventListener("blur", () => point(-1));
    svg.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (move === undefined) return;
      event.preventDefault();
      const last = drawn.rows.length - 1;
      const next = position < 0 ? (move > 0 ? 0 : last) : position + move;
      point(Math.min(Math.max(next, 0), last));
    });
    // Where the pointer can stop: the places of all means, by pixel.
    const places = new Map(means.flat().map((p) => [Math.round(x.place(p[0])), p[0]]));
    const rows = [...places].sort((a, b) => a[0] - b[0]).map(([at, value]) => [value, at]);
    drawn = { rows, means, cursor };
    box.replaceChildren(svg);
    point(-1);
  }

  // Reads the curves where the pointer is, or at their ends.
  function point(index) {
    position = drawn.rows.length ? index : -1;
    const at = position < 0 ? Infinity : drawn.rows[position][0];
    const place = position < 0 ? -9 : drawn.rows[position][1];
    drawn.cursor.setAttribute("x1", place);
    drawn.cursor.setAttribute("x2", place);
    const values = [];
    drawn.means.forEach((mean, v) => {
      const known = mean.filter((p) => p[0] <= at * (1 + 1e-9));
      if (known.length) {
        values.push(page.variants[v].name + " " + words(known[known.length - 1][1]));
      }
    });
    const where = position < 0 ? "at the end" : curves.axes[along.value].words + " " +
      words(at);
    readout.textContent = where + ": " + (values.join("; ") || "nothing is shown");
  }

  metric.addEventListener("change", redraw);
  along.addEventListener("change", redraw);
  isEach.addEventListener("change", redraw);
  whenLooksChange(box, redraw);
  redraw();
}

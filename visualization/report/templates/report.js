// The step whose pictures are shown.
for (const controls of document.querySelectorAll(".controls.steps")) {
  const pages = [...controls.parentElement.querySelectorAll(".step")];
  const slider = controls.querySelector("input");
  const [back, on] = controls.querySelectorAll("button");
  const said = controls.querySelector("output");
  const show = (index) => {
    const at = Math.min(Math.max(index, 0), pages.length - 1);
    pages.forEach((page, i) => { page.hidden = i !== at; });
    slider.value = at;
    slider.setAttribute("aria-valuetext", "step " + pages[at].dataset.step);
    said.textContent = "step " + pages[at].dataset.step;
    back.disabled = at === 0;
    on.disabled = at === pages.length - 1;
  };
  slider.addEventListener("input", () => show(Number(slider.value)));
  back.addEventListener("click", () => show(Number(slider.value) - 1));
  on.addEventListener("click", () => show(Number(slider.value) + 1));
  show(pages.length - 1);
}

// A picture grows to the width of the page and back.
for (const image of document.querySelectorAll(".pictures img")) {
  const toggle = () => {
    const isLarge = image.closest("figure").classList.toggle("large");
    image.setAttribute("aria-pressed", String(isLarge));
  };
  image.tabIndex = 0;
  image.setAttribute("role", "button");
  image.setAttribute("aria-pressed", "false");
  image.title = "Larger or smaller";
  image.addEventListener("click", toggle);
  image.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      toggle();
    }
  });
}

// The values of a chart under the pointer, or by arrow keys.
for (const chart of document.querySelectorAll(".chart")) {
  const data = JSON.parse(chart.dataset.chart);
  const drawing = chart.querySelector(":scope > svg");
  const cursor = drawing.querySelector(".cursor");
  const readout = chart.querySelector(".readout");
  const atRest = readout.textContent;
  const last = data.steps.length - 1;
  let index = last;
  const show = (at) => {
    index = Math.min(Math.max(at, 0), last);
    cursor.setAttribute("x1", data.pixels[index]);
    cursor.setAttribute("x2", data.pixels[index]);
    const known = data.curves.filter((curve) => curve.y[index] !== null);
    const values = known.map((c) => c.name + " " + Number(c.y[index].toPrecision(4)));
    readout.textContent =
      "step " + data.steps[index] + ": " + (values.join(", ") || "nothing measured");
  };
  const rest = () => {
    cursor.setAttribute("x1", -9);
    cursor.setAttribute("x2", -9);
    readout.textContent = atRest;
  };
  drawing.setAttribute("tabindex", "0");
  drawing.addEventListener("pointermove", (event) => {
    const box = drawing.getBoundingClientRect();
    const x = (event.clientX - box.left) * drawing.viewBox.baseVal.width / box.width;
    const distances = data.pixels.map((pixel) => Math.abs(pixel - x));
    show(distances.indexOf(Math.min(...distances)));
  });
  drawing.addEventListener("pointerleave", rest);
  drawing.addEventListener("blur", rest);
  drawing.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1, Home: -last, End: last }[event.key];
    if (move !== undefined) {
      event.preventDefault();
      show(index + move);
    }
  });
}

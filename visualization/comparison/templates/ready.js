// Milliseconds from the opening of the page until everything was drawn.
document.documentElement.dataset.ready = Math.round(performance.now());

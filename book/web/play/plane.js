// One plane of the latent space: the notes' map, a circle with its steps, and what a pointer or a key does to it.
"use strict";
window.LatentPlane = class {
  // x, y: two entries of the controls' metadata; notes: list of [x, y, colour]; onchange(), onpoint(x, y)
  constructor(canvas, x, y, notes, { onchange, onpoint }) {
    Object.assign(this, { canvas, x, y, notes, onchange, onpoint });
    this.middle = [(x.min + x.max) / 2, (y.min + y.max) / 2];
    this.diameter = 0.6 * Math.min(x.max - x.min, y.max - y.min);
    this.steps = 8;
    this.now = -1;
    this.heard = null; // last point played by hand
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, () => { this.drag = null; });
    canvas.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#resize()).observe(canvas);
    new MutationObserver(() => this.draw()).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  }

  // k-th point: middle + d / 2 (cos, sin)(2 pi k / s), as in the patch
  point(k) {
    const angle = (2 * Math.PI * k) / this.steps;
    return this.held([this.middle[0] + (this.diameter / 2) * Math.cos(angle), this.middle[1] + (this.diameter / 2) * Math.sin(angle)]);
  }

  held([a, b]) { return [Math.min(this.x.max, Math.max(this.x.min, a)), Math.min(this.y.max, Math.max(this.y.min, b))]; }

  scale() { return this.canvas.clientWidth / (1.1 * Math.max(this.x.max - this.x.min, this.y.max - this.y.min)); }

  toScreen([a, b]) {
    const scale = this.scale();
    return [this.canvas.clientWidth / 2 + (a - (this.x.min + this.x.max) / 2) * scale,
      this.canvas.clientHeight / 2 - (b - (this.y.min + this.y.max) / 2) * scale];
  }

  toPlane([px, py]) {
    const scale = this.scale();
    return [(this.x.min + this.x.max) / 2 + (px - this.canvas.clientWidth / 2) / scale,
      (this.y.min + this.y.max) / 2 - (py - this.canvas.clientHeight / 2) / scale];
  }

  handle() { return [this.middle[0] + (this.diameter / 2) * Math.SQRT1_2, this.middle[1] - (this.diameter / 2) * Math.SQRT1_2]; }

  #down(event) {
    const at = [event.offsetX, event.offsetY];
    const near = (place, reach) => Math.hypot(...this.toScreen(place).map((value, i) => value - at[i])) < reach;
    const reach = event.pointerType === "touch" ? 26 : 14;
    this.canvas.setPointerCapture(event.pointerId);
    if (near(this.handle(), reach)) this.drag = "size";
    else if (near(this.middle, reach)) this.drag = "middle";
    else {
      this.drag = "point";
      this.#play(at);
    }
    event.preventDefault();
    this.canvas.focus();
  }

  #move(event) {
    const at = this.toPlane([event.offsetX, event.offsetY]);
    if (this.drag === "middle") this.middle = this.held(at);
    else if (this.drag === "size") {
      this.diameter = Math.max(0.1, 2 * Math.hypot(at[0] - this.middle[0], at[1] - this.middle[1]));
    } else return;
    this.draw();
    this.onchange();
  }

  #play(at) {
    this.heard = this.held(this.toPlane(at));
    this.draw();
    this.onpoint(...this.heard);
  }

  #key(event) {
    const by = 0.05 * (this.x.max - this.x.min) * (event.shiftKey ? 0.2 : 1);
    const moves = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, by], ArrowDown: [0, -by] };
    if (event.key in moves) this.middle = this.held(this.middle.map((value, i) => value + moves[event.key][i]));
    else if (event.key === "+" || event.key === "-") this.diameter = Math.max(0.1, this.diameter * (event.key === "+" ? 1.1 : 1 / 1.1));
    else return;
    event.preventDefault();
    this.draw();
    this.onchange();
  }

  #resize() {
    const ratio = window.devicePixelRatio || 1;
    const size = Math.round(this.canvas.clientWidth * ratio);
    if (!size || this.canvas.width === size) return;
    this.canvas.width = this.canvas.height = size;
    this.background = null;
    this.draw();
  }

  #map() { // drawn once per size: there are thousands of notes
    if (this.background) return this.background;
    this.background = Object.assign(document.createElement("canvas"), { width: this.canvas.width, height: this.canvas.height });
    const pen = this.background.getContext("2d");
    pen.scale(window.devicePixelRatio || 1, window.devicePixelRatio || 1);
    pen.globalAlpha = 0.45;
    for (const [a, b, colour] of this.notes) {
      const [px, py] = this.toScreen([a, b]);
      pen.fillStyle = colour;
      pen.fillRect(px - 1.5, py - 1.5, 3, 3);
    }
    return this.background;
  }

  draw() {
    if (!this.canvas.width) return;
    const pen = this.canvas.getContext("2d");
    const ink = getComputedStyle(this.canvas).color;
    const ratio = window.devicePixelRatio || 1;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    pen.drawImage(this.#map(), 0, 0);
    pen.scale(ratio, ratio);
    pen.strokeStyle = pen.fillStyle = ink;
    pen.lineWidth = 2;
    const disc = (place, radius, fill = true) => {
      pen.beginPath();
      pen.arc(...this.toScreen(place), radius, 0, 2 * Math.PI);
      if (fill) pen.fill();
      else pen.stroke();
    };
    disc(this.middle, (this.diameter / 2) * this.scale(), false);
    for (let k = 0; k < this.steps; k++) disc(this.point(k), 4);
    disc(this.middle, 7, false);
    disc(this.middle, 2);
    const [hx, hy] = this.toScreen(this.handle());
    pen.fillRect(hx - 5, hy - 5, 10, 10);
    pen.fillStyle = "#d7301f";
    if (this.now >= 0) disc(this.point(this.now), 8);
    if (this.heard) disc(this.heard, 5);
  }
};

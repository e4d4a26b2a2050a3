// The playable page: two planes, a walk, a keyboard. `window.latentSampler` is what tests and curious readers use.
"use strict";
(() => {
  const base = document.currentScript.src.replace(/[^/]*$/, "");
  const KEYS = "awsedftgyhujkolp"; // white keys on the middle row of a keyboard, black ones above
  const BLACK = new Set([1, 3, 6, 8, 10]);
  const PATTERNS = { "held key": [0], "minor chord": [0, 7, 12, 15, 19], "major chord": [0, 4, 7, 12, 16], octaves: [0, 12, 0, -12] };

  function element(tag, attributes = {}, ...children) {
    const made = Object.assign(document.createElement(tag), attributes);
    made.append(...children);
    return made;
  }

  function number(label, value, min, max, oninput) {
    const input = element("input", { type: "number", value, min, max });
    input.addEventListener("input", () => oninput(Math.min(max, Math.max(min, Math.round(Number(input.value) || min)))));
    return element("label", {}, `${label} `, input);
  }

  class Player {
    constructor(root, engine) {
      Object.assign(this, { root, engine, pitch: 60, octave: 0, tempo: 200, pattern: [0], timer: null, step: 0 });
      root.replaceChildren();
      this.status = element("p", { className: "status" });
      this.status.setAttribute("role", "status");
      this.#planes();
      this.#bar();
      this.#piano();
      root.append(this.status);
      this.say("Click a plane to hear a point; drag a circle by its middle, and its size by the square.");
      document.addEventListener("keydown", (event) => this.#key(event));
    }

    say(text) { this.status.textContent = text; }

    #planes() {
      const { controls } = this.engine.metadata;
      const box = element("div", { className: "planes" });
      this.planes = [0, 1].map((i) => {
        const canvas = element("canvas", { tabIndex: 0 });
        const [x, y] = [controls[2 * i], controls[2 * i + 1]];
        canvas.setAttribute("role", "application");
        canvas.setAttribute("aria-label", `plane of ${x.name} and ${y.name}: arrows move the circle, plus and minus its size`);
        box.append(element("figure", {}, canvas, element("figcaption", {}, `${x.name} to the right, ${y.name} up`)));
        const notes = this.engine.map.map((note) => [note[2 * i], note[2 * i + 1], note[4]]);
        return new LatentPlane(canvas, x, y, notes, { onchange: () => {}, onpoint: () => this.hand() });
      });
      this.planes[1].steps = 6;
      this.root.append(box);
    }

    #bar() {
      this.button = element("button", { type: "button", className: "walk" }, "walk");
      this.button.addEventListener("click", () => this.toggle());
      const pattern = element("select", {}, ...Object.keys(PATTERNS).map((name) => element("option", {}, name)));
      pattern.addEventListener("change", () => { this.pattern = PATTERNS[pattern.value]; });
      const volume = element("input", { type: "range", min: 0, max: 1, step: 0.01, value: 0.5 });
      volume.addEventListener("input", () => { this.engine.wake(); this.engine.volume.gain.value = Number(volume.value); });
      this.root.append(element("div", { className: "bar" }, this.button,
        number("steps", 8, 1, 64, (value) => { this.planes[0].steps = value; this.planes[0].draw(); }),
        number("and", 6, 1, 64, (value) => { this.planes[1].steps = value; this.planes[1].draw(); }),
        number("notes a minute", this.tempo, 30, 600, (value) => { this.tempo = value; }),
        element("label", {}, "pitches ", pattern), element("label", {}, "volume ", volume)));
    }

    #piano() {
      const piano = element("div", { className: "piano" });
      piano.setAttribute("role", "group");
      piano.setAttribute("aria-label", "keyboard");
      this.keys = new Map();
      for (let pitch = 48; pitch <= 72; pitch++) {
        const key = element("button", { type: "button", title: `MIDI note ${pitch}`, className: `${BLACK.has(pitch % 12) ? "black" : "white"}${pitch < 60 ? " low" : ""}` });
        key.setAttribute("aria-label", `note ${pitch}`);
        key.addEventListener("pointerdown", (event) => {
          event.target.releasePointerCapture?.(event.pointerId); // so that a finger can slide on to the next key
          this.press(pitch);
        });
        key.addEventListener("pointerenter", (event) => { if (event.buttons) this.press(pitch); });
        key.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); event.stopPropagation(); this.press(pitch); } });
        this.keys.set(pitch, key);
        piano.append(key);
      }
      this.root.append(piano);
      this.#mark();
    }

    #mark() {
      for (const [pitch, key] of this.keys) key.classList.toggle("held", pitch === this.pitch);
    }

    #key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || /INPUT|SELECT|TEXTAREA/.test(event.target.tagName)) return;
      const place = KEYS.indexOf(event.key.toLowerCase());
      if (place >= 0) this.press(60 + 12 * this.octave + place);
      else if (event.key === "z") this.octave = Math.max(-3, this.octave - 1);
      else if (event.key === "x") this.octave = Math.min(3, this.octave + 1);
      else if (event.key === " " && event.target.tagName !== "BUTTON") this.toggle();
      else return;
      event.preventDefault();
    }

    press(pitch) {
      this.pitch = pitch;
      this.#mark();
      this.hand();
    }

    // Controls of two points and a pitch, the pitch held within the model's range
    controls(first, second, pitch) {
      const { controls } = this.engine.metadata;
      const last = controls[controls.length - 1];
      const rest = controls.slice(4, -1).map((control) => control.default);
      return [...first, ...second, ...rest, Math.min(last.max, Math.max(last.min, pitch))];
    }

    // Play by hand: the points last clicked, or the circles' present steps
    async hand() {
      const begin = performance.now();
      const [first, second] = this.planes.map((plane) => plane.heard || plane.point(Math.max(0, plane.now)));
      await this.engine.play(this.controls(first, second, this.pitch));
      this.lastMs = performance.now() - begin;
      this.say(`${[...first, ...second].map((value) => value.toFixed(2)).join(", ")} at pitch ${this.pitch}: ${this.lastMs.toFixed(0)} ms from touch to sound`);
    }

    toggle() {
      if (this.timer) {
        clearInterval(this.timer);
        this.timer = null;
        this.engine.silence();
        for (const plane of this.planes) { plane.now = -1; plane.draw(); }
      } else {
        this.step = 0;
        this.time = this.engine.wake().currentTime + 0.15;
        this.timer = setInterval(() => this.#ahead(), 25);
      }
      this.button.textContent = this.timer ? "stop" : "walk";
    }

    #ahead() { // notes are asked for a little before their time, so that they are there when it comes
      const context = this.engine.context;
      while (this.time < context.currentTime + 0.2) {
        const [k, time] = [this.step++, this.time];
        this.time = Math.max(this.time, context.currentTime - 0.5) + 60 / this.tempo;
        const pitch = this.pitch + this.pattern[k % this.pattern.length];
        const points = this.planes.map((plane) => plane.point(k % plane.steps));
        if (!this.engine.busy()) this.engine.play(this.controls(...points, pitch), time).catch((error) => this.say(String(error)));
        setTimeout(() => this.#show(k), 1000 * Math.max(0, time - context.currentTime));
      }
    }

    #show(k) {
      if (!this.timer) return;
      for (const plane of this.planes) { plane.heard = null; plane.now = k % plane.steps; plane.draw(); }
    }
  }

  window.addEventListener("DOMContentLoaded", () => {
    const root = document.getElementById("latent-sampler");
    const engine = new LatentEngine(base);
    window.latentSampler = { engine, ready: engine.ready.then(() => { window.latentSampler.player = new Player(root, engine); }) };
    window.latentSampler.ready.catch((error) => {
      root.textContent = `The instrument could not be loaded here: ${error.message || error}. The start page's walk plays everywhere.`;
    });
  });
})();

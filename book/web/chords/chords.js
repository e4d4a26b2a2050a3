// Progressions of four bars on two planes: drag a point, read the chords, hear them on the instrument.
// Needs progressions.js (the chords of a grid) and play/engine.js (the instrument, loaded when first played).
"use strict";
(() => {
  const base = document.currentScript.src.replace(/[^/]*$/, "");
  const NAMES = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"];
  const NONE = 168;
  const PATTERNS = {
    up: (k, n) => [k % n], down: (k, n) => [n - 1 - (k % n)], "up-down": (k, n) => { const m = k % (2 * n - 2); return [m < n ? m : 2 * n - 2 - m]; },
    alberti: (k) => [[0, 2, 1, 2][k % 4]], chord: (k, n) => (k ? [] : [...Array(n).keys()]),
  };

  function element(tag, attributes = {}, ...children) {
    const made = Object.assign(document.createElement(tag), attributes);
    made.append(...children);
    return made;
  }

  class Progressions {
    constructor(table) {
      Object.assign(this, table);
      this.bytes = Uint8Array.from(atob(table.symbols), (letter) => letter.charCodeAt(0));
    }

    // Sixteen symbols at the point of the grid next to four numbers, moved up by semitones.
    at(point, tonic = 0) {
      const index = point.reduce((sum, value) => {
        const place = Math.round(((value + this.limit) / (2 * this.limit)) * (this.points - 1));
        return sum * this.points + Math.min(this.points - 1, Math.max(0, place));
      }, 0);
      return Array.from(this.bytes.slice(16 * index, 16 * index + 16), (s) => (s === NONE ? NONE : (s + 14 * tonic) % NONE));
    }

    spell(symbol) { return symbol === NONE ? "N.C." : NAMES[Math.floor(symbol / 14)] + this.written[symbol % 14]; }

    // Four pitches from middle C's octave upwards, lowest first.
    notes(symbol) {
      const root = Math.floor(symbol / 14);
      const pitches = [...this.pitch_classes[symbol % 14], 12].slice(0, 4).map((i) => 48 + root + i);
      return pitches.map((p) => (p > 64 ? p - 12 : p)).sort((a, b) => a - b);
    }
  }

  class ChordPage {
    constructor(root, table) {
      Object.assign(this, { root, progressions: new Progressions(table), point: [0, 0, 0, 0], tonic: 0, tempo: 100, pattern: "up", timer: null });
      root.replaceChildren();
      this.bars = element("ol", { className: "chord-bars" });
      this.bars.setAttribute("aria-live", "polite");
      const box = element("div", { className: "planes" });
      this.planes = [0, 2].map((first) => this.#plane(box, first));
      root.append(box, this.bars, this.#controls());
      this.show();
    }

    #plane(box, first) {
      const canvas = element("canvas", { tabIndex: 0, width: 240, height: 240 });
      canvas.setAttribute("role", "application");
      canvas.setAttribute("aria-label", `plane of circle ${first / 2 + 1}: drag the point, or move it by the arrows`);
      const { limit } = this.progressions;
      const move = (x, y) => {
        [this.point[first], this.point[first + 1]] = [x, y].map((v) => Math.min(limit, Math.max(-limit, v)));
        this.show();
      };
      const drag = (event) => {
        const size = canvas.getBoundingClientRect();
        move(limit * (2 * (event.clientX - size.left) / size.width - 1), limit * (1 - 2 * (event.clientY - size.top) / size.height));
      };
      canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); drag(event); });
      canvas.addEventListener("pointermove", (event) => { if (event.buttons) drag(event); });
      canvas.addEventListener("keydown", (event) => {
        const step = 2 * limit / (this.progressions.points - 1);
        const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
        if (!by) return;
        move(this.point[first] + by[0], this.point[first + 1] + by[1]);
        event.preventDefault();
      });
      canvas.style.touchAction = "none";
      box.append(element("figure", {}, canvas, element("figcaption", {}, `circle ${first / 2 + 1}`)));
      return { canvas, first };
    }

    #controls() {
      const select = (label, names, onchange) => {
        const made = element("select", {}, ...names.map((name) => element("option", {}, name)));
        made.addEventListener("change", () => { onchange(made.value); this.show(); });
        return element("label", {}, `${label} `, made);
      };
      this.button = element("button", { type: "button", className: "walk" }, "play");
      this.button.addEventListener("click", () => this.toggle());
      const tempo = element("input", { type: "number", min: 40, max: 240, value: this.tempo });
      tempo.addEventListener("change", () => { this.tempo = Math.min(240, Math.max(40, Number(tempo.value) || 100)); });
      return element("div", { className: "bar" }, this.button, select("tonic", NAMES, (name) => { this.tonic = NAMES.indexOf(name); }),
        select("pattern", Object.keys(PATTERNS), (name) => { this.pattern = name; }), element("label", {}, "beats a minute ", tempo));
    }

    symbols() { return this.progressions.at(this.point, this.tonic); }

    // The four bars as text: a chord where it begins, and at each bar line.
    text() {
      const symbols = this.symbols();
      return [0, 4, 8, 12].map((start) => symbols.slice(start, start + 4)
        .filter((symbol, i, bar) => i === 0 || symbol !== bar[i - 1]).map((symbol) => this.progressions.spell(symbol)).join(" "));
    }

    show() {
      this.bars.replaceChildren(...this.text().map((bar) => element("li", {}, bar)));
      for (const { canvas, first } of this.planes) {
        const pen = canvas.getContext("2d");
        const { limit } = this.progressions;
        const at = (v, way) => canvas.width * (0.5 + 0.5 * way * v / limit);
        pen.clearRect(0, 0, canvas.width, canvas.height);
        pen.strokeStyle = pen.fillStyle = getComputedStyle(canvas).color;
        pen.strokeRect(0.5, 0.5, canvas.width - 1, canvas.height - 1);
        pen.beginPath();
        pen.arc(at(this.point[first], 1), at(this.point[first + 1], -1), 8, 0, 2 * Math.PI);
        pen.fill();
      }
    }

    // What sounds in a beat: [beats from its start, pitch]
    beat(symbols, beat) {
      const symbol = symbols[beat];
      if (symbol === NONE) return [];
      let since = 0;
      while (beat - since > 0 && symbols[beat - since - 1] === symbol) since += 1;
      const notes = this.progressions.notes(symbol);
      return [0, 1].flatMap((half) => PATTERNS[this.pattern](2 * since + half, notes.length).map((k) => [half / 2, notes[k]]));
    }

    async toggle() {
      if (this.timer) {
        clearInterval(this.timer);
        this.timer = null;
        this.engine.silence();
        this.button.textContent = "play";
        return;
      }
      this.engine = this.engine || new LatentEngine(base.replace(/chords\/$/, "play/"));
      this.engine.wake();
      this.button.textContent = "loading …";
      await this.engine.ready;
      this.button.textContent = "stop";
      [this.now, this.time] = [0, this.engine.wake().currentTime + 0.2];
      this.timer = setInterval(() => this.#ahead(), 30);
    }

    #ahead() {
      const seconds = 60 / this.tempo;
      while (this.time < this.engine.context.currentTime + 0.3) {
        const controls = this.engine.defaults();
        const { min, max } = this.engine.metadata.controls.at(-1);
        for (const [offset, pitch] of this.beat(this.symbols(), this.now)) {
          controls[controls.length - 1] = Math.min(max, Math.max(min, pitch));
          this.engine.play([...controls], this.time + offset * seconds);
        }
        this.now = (this.now + 1) % 16;
        this.time += seconds;
      }
    }
  }

  const start = () => {
    const root = document.getElementById("chord-page");
    if (root) window.chordPage = new ChordPage(root, window.chordProgressions);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();

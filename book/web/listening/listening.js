// Blind comparison with hidden reference. `window.listeningSet` (set.js) names the sounds; nothing leaves the page but
// the file that the listener saves.
"use strict";
(() => {
  const base = document.currentScript.src.replace(/[^/]*$/, "");

  function element(tag, attributes = {}, ...children) {
    const made = Object.assign(document.createElement(tag), attributes);
    made.append(...children);
    return made;
  }

  function shuffled(items) {
    const list = [...items];
    for (let i = list.length - 1; i > 0; i--) {
      const j = Math.floor(Math.random() * (i + 1));
      [list[i], list[j]] = [list[j], list[i]];
    }
    return list;
  }

  class Test {
    constructor(root, set) {
      Object.assign(this, { root, set, answers: [], number: 0, audio: new Audio() });
      this.listener = Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(16).padStart(2, "0")).join("");
      this.trials = shuffled(Object.keys(set.trials));
      this.audio.addEventListener("ended", () => this.mark(null));
      this.show();
    }

    play(file, button) {
      this.audio.src = base + file;
      this.audio.play().catch(() => {}); // another sound was asked for before this one began
      this.mark(button);
    }

    mark(button) {
      this.root.querySelector(".playing")?.classList.remove("playing");
      button?.classList.add("playing");
    }

    button(label, file, onplay = () => {}) {
      const made = element("button", { type: "button" }, label);
      made.addEventListener("click", () => { this.play(file, made); onplay(); });
      return made;
    }

    show() {
      const trial = this.trials[this.number];
      const sounds = this.set.trials[trial];
      const systems = shuffled(Object.keys(sounds));
      const rows = systems.map((system, i) => ({ system, slider: element("input", { type: "range", min: 0, max: 100, value: 50 }), heard: false, moved: false, letter: "ABCDEFGH"[i] }));
      const next = element("button", { type: "button", disabled: true, className: "next" }, this.number + 1 < this.trials.length ? "next note" : "finish");
      const check = () => { next.disabled = !rows.every((row) => row.heard && row.moved); };
      const grid = element("div", { className: "trial" }, element("span"), element("span", { className: "scale" }, ...["bad", "poor", "fair", "good", "excellent"].map((word) => element("span", {}, word))), element("span"));
      for (const row of rows) {
        const value = element("output", {}, "–");
        row.slider.setAttribute("aria-label", `rating of ${row.letter}`);
        row.slider.addEventListener("input", () => { row.moved = true; value.textContent = row.slider.value; check(); });
        grid.append(this.button(row.letter, sounds[row.system], () => { row.heard = true; check(); }), row.slider, value);
      }
      next.addEventListener("click", () => {
        for (const { system, slider } of rows) this.answers.push({ trial, system, rating: Number(slider.value) });
        this.audio.pause();
        this.number += 1;
        if (this.number < this.trials.length) this.show();
        else this.finish();
      });
      this.root.replaceChildren(element("p", {}, `Note ${this.number + 1} of ${this.trials.length}. How close to the original is each sound?`),
        element("div", { className: "trial-bar" }, this.button("original", sounds.original)), grid, element("div", { className: "trial-bar" }, next));
    }

    finish() {
      const content = JSON.stringify({ format: 1, set: this.set.set, listener: this.listener, answers: this.answers }, null, 1);
      const name = `answers-${this.listener}.json`;
      const link = element("a", { href: URL.createObjectURL(new Blob([content], { type: "application/json" })), download: name, className: "save" }, `save ${name}`);
      this.root.replaceChildren(element("p", {}, "Thank you. Your answers have been sent nowhere: save the file and give it to whoever asked you."), element("p", {}, link));
    }
  }

  window.addEventListener("DOMContentLoaded", () => {
    const root = document.getElementById("listening-test");
    if (!window.listeningSet) return;
    const start = element("button", { type: "button", className: "start" }, "start");
    start.addEventListener("click", () => { window.listeningTest = new Test(root, window.listeningSet); });
    root.replaceChildren(element("p", {}, `${Object.keys(window.listeningSet.trials).length} notes, ${Object.keys(Object.values(window.listeningSet.trials)[0]).length} sounds each. Use headphones, and set the volume once.`), start);
  });
})();

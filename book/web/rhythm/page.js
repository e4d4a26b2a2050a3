// The page: a grid that can be clicked, a slider per control, and drums that play the pattern in a loop.
"use strict";
(function () {
  const AHEAD = 0.12; // seconds that hits are scheduled before they sound
  const place = document.getElementById("rhythm");
  const model = new window.RhythmPattern(window.rhythmModel);
  const { voices, controls, beats, rate, hits: sounds } = window.rhythmModel;
  const state = { values: model.defaults(), hits: [], tempo: 110, playing: false, played: 0 };
  let context, buffers, timer, begun, next;

  function element(name, attributes, parent) {
    const made = Object.assign(document.createElement(name), attributes);
    parent.append(made);
    return made;
  }

  function draw() {
    for (const button of grid.querySelectorAll("button")) {
      const hit = state.hits.find(({ voice, step }) => voice === +button.dataset.voice && step === +button.dataset.step);
      button.style.setProperty("--loud", hit ? 0.25 + 0.75 * hit.velocity : 0);
      button.setAttribute("aria-pressed", Boolean(hit));
    }
  }

  function compute() {
    state.hits = model.decode(state.values);
    draw();
  }

  function toggle(voice, step) {
    const index = state.hits.findIndex((hit) => hit.voice === voice && hit.step === step);
    if (index < 0) {
      state.hits.push({ voice, step, velocity: 0.8, offset: 0 });
      sound(voice, 0.8, 0);
    } else state.hits.splice(index, 1);
    draw();
  }

  function wake() {
    if (!context) {
      context = new AudioContext();
      buffers = voices.map((voice) => {
        const numbers = new Int16Array(window.rhythmBytes(sounds[voice]));
        const buffer = context.createBuffer(1, numbers.length, rate);
        buffer.getChannelData(0).set(Float32Array.from(numbers, (n) => n / 32768));
        return buffer;
      });
    }
    return context.resume();
  }

  function sound(voice, velocity, time) {
    wake();
    const source = context.createBufferSource(), gain = context.createGain();
    source.buffer = buffers[voice];
    gain.gain.value = 0.6 * velocity ** 1.5;
    source.connect(gain).connect(context.destination);
    source.start(Math.max(time, context.currentTime));
    state.played += 1;
  }

  function schedule() { // steps are counted from the start, so tempo changes move what has not been scheduled yet
    const step = 60 / state.tempo / 4;
    while (begun + next * step < context.currentTime + AHEAD) {
      for (const hit of state.hits) {
        if (hit.step === next % (beats * 4)) sound(hit.voice, hit.velocity, begun + (next + hit.offset) * step);
      }
      next += 1;
    }
  }

  async function play() {
    state.playing = !state.playing;
    button.textContent = state.playing ? "stop" : "play";
    clearInterval(timer);
    if (!state.playing) return;
    await wake();
    [begun, next] = [context.currentTime + 0.1, 0];
    timer = setInterval(schedule, 25);
  }

  place.replaceChildren();
  const bar = element("div", { className: "rhythm-bar" }, place);
  const button = element("button", { type: "button", textContent: "play", id: "rhythm-play" }, bar);
  button.addEventListener("click", play);
  const tempo = element("label", { textContent: "tempo " }, bar);
  const beat = element("input", { type: "range", min: 60, max: 180, value: 110 }, tempo);
  beat.addEventListener("input", () => {
    const position = context ? (context.currentTime - begun) / (60 / state.tempo / 4) : 0;
    state.tempo = +beat.value;
    if (context) begun = context.currentTime - position * (60 / state.tempo / 4);
  });
  const grid = element("div", { className: "rhythm-grid", role: "group", ariaLabel: "pattern" }, place);
  voices.forEach((voice, row) => {
    element("span", { textContent: voice.replace("_", " ") }, grid);
    for (let step = 0; step < beats * 4; step++) {
      const cell = element("button", { type: "button", ariaLabel: `${voice} step ${step + 1}` }, grid);
      Object.assign(cell.dataset, { voice: row, step });
      cell.addEventListener("click", () => toggle(row, step));
    }
  });
  const knobs = element("div", { className: "rhythm-knobs" }, place);
  controls.forEach((control, k) => {
    const label = element("label", { textContent: control.name }, knobs);
    const slider = element("input", { type: "range", min: control.min, max: control.max, step: "any",
      value: control.default, id: `rhythm-${control.name}` }, label);
    slider.addEventListener("input", () => {
      state.values[k] = +slider.value;
      compute();
    });
  });
  compute();
  window.rhythm = { state, model };
})();

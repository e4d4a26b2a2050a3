// The instrument without its picture: points -> notes (in a worker) -> sound (Web Audio, polyphonic).
// Files come by fetch, or, where a page was opened from a disk, from embedded.js, which holds them all.
"use strict";
window.LatentEngine = class {
  static VOICES = 16;

  constructor(base) {
    this.base = base;
    this.waiting = new Map(); // id -> {resolve, reject}
    this.kept = new Map(); // controls -> Promise of samples: a walk comes back to its steps
    this.voices = [];
    this.next = 1;
    this.hushes = 0;
    this.context = null;
    this.ready = this.#load();
  }

  async #load() {
    const names = ["model.json", "map.json", "model.onnx", "ort.wasm.min.js", "worker.js",
      "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];
    const [json, map, model, ort, worker, glue, wasm] = await this.#files(names);
    const text = (bytes) => new TextDecoder().decode(bytes);
    this.metadata = JSON.parse(text(json));
    this.map = JSON.parse(text(map));
    this.worker = new Worker(URL.createObjectURL(new Blob([text(ort), "\n", text(worker)], { type: "text/javascript" })));
    await new Promise((resolve, reject) => {
      this.worker.onerror = (event) => reject(new Error(event.message));
      this.worker.onmessage = ({ data }) => (data.kind === "ready" ? resolve() : reject(new Error(data.message)));
      this.worker.postMessage({ kind: "load", model, wasm, glue }, [model.buffer, wasm.buffer, glue.buffer]);
    });
    this.worker.onmessage = ({ data }) => {
      const { resolve, reject } = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (data.kind === "note") resolve(data);
      else reject(new Error(data.message));
    };
    await this.render(this.defaults()); // the first note takes longer than all later ones
  }

  async #files(names) {
    if (location.protocol !== "file:") {
      return Promise.all(names.map(async (name) => {
        const answer = await fetch(this.base + name);
        if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
        return new Uint8Array(await answer.arrayBuffer());
      }));
    }
    await new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement("script"), { src: this.base + "embedded.js", onload: resolve, onerror: reject });
      document.head.append(script);
    });
    const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const files = names.map((name) => bytes(window.embeddedFiles[name]));
    delete window.embeddedFiles; // 30 MB of text
    return files;
  }

  defaults() { return this.metadata.controls.map((control) => control.default); }

  // Array of controls -> {samples: Float32Array, ms: time in the worker}
  render(controls) {
    const id = this.next++;
    const answer = new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    this.worker.postMessage({ kind: "render", id, controls });
    return answer;
  }

  // The same as an AudioBuffer; the last 64 points are kept.
  buffer(controls) {
    const key = controls.map((value) => value.toFixed(3)).join();
    let note = this.kept.get(key);
    if (!note) {
      note = this.render(controls).then(({ samples }) => {
        const buffer = new AudioBuffer({ length: samples.length, numberOfChannels: 1, sampleRate: this.metadata.sample_rate });
        buffer.copyToChannel(samples, 0);
        return buffer;
      });
      note.catch(() => this.kept.delete(key));
      this.kept.set(key, note);
      if (this.kept.size > 64) this.kept.delete(this.kept.keys().next().value);
    }
    return note;
  }

  // Browsers let a page sound only after a click or a key: call this in its handler.
  wake() {
    if (!this.context) {
      this.context = new AudioContext({ latencyHint: "interactive" });
      this.volume = new GainNode(this.context, { gain: 0.5 });
      this.volume.connect(new DynamicsCompressorNode(this.context, { threshold: -12, ratio: 8 })).connect(this.context.destination);
    }
    if (this.context.state === "suspended") this.context.resume();
    return this.context;
  }

  // Play a note at a time of the context (seconds), or at once when that has passed; not at all after `silence`.
  async play(controls, time = 0) {
    const context = this.wake();
    const hushes = this.hushes;
    const buffer = await this.buffer(controls);
    if (hushes !== this.hushes) return null;
    const start = Math.max(time, context.currentTime);
    this.voices = this.voices.filter((voice) => voice.end > context.currentTime);
    if (this.voices.length >= LatentEngine.VOICES) this.#fade(this.voices.shift(), start);
    const gain = new GainNode(context, { gain: 1 });
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(gain).connect(this.volume);
    source.onended = () => gain.disconnect();
    source.start(start);
    this.voices.push({ source, gain, end: start + buffer.duration });
    return start;
  }

  // Is the worker so far behind that another note would only come too late?
  busy() { return this.waiting.size > 4; }

  silence() {
    this.hushes += 1;
    for (const voice of this.voices.splice(0)) this.#fade(voice, this.context.currentTime);
  }

  #fade({ source, gain }, time) {
    gain.gain.setTargetAtTime(0, time, 0.005);
    source.stop(time + 0.05);
  }
};

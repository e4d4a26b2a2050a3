// Controls -> pattern, as rhythm.pt computes it: decoder, then the constraint that makes a pattern measure what its
// knobs say. No page, no sound: the same file runs in a browser and in Node.
"use strict";
(function (root) {
  const VOICES = 9, STEPS = 32, CELLS = VOICES * STEPS;
  const LINE = [0, 1, 4, 5, 6], LOW = [0, 4], HIGH = [2, 3, 7, 8];
  const LEVELS = Array.from({ length: STEPS }, (_, s) => [2, 4, 8, 16].filter((p) => s % p === 0).length - 4);
  const KNOBS = 6, SYNCOPATION = 1, BALANCE = 2, SWING = 3, DYNAMICS = 4, SNARE = 5;

  function bytes(text) {
    const raw = atob(text);
    return Uint8Array.from(raw, (letter) => letter.charCodeAt(0)).buffer;
  }

  function halves(text) {
    return Float32Array.from(new Uint16Array(bytes(text)), (h) => {
      const exponent = (h >> 10) & 31, fraction = h & 1023, sign = h >> 15 ? -1 : 1;
      return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024) : sign * 2 ** -14 * (fraction / 1024);
    });
  }

  function erf(x) { // Abramowitz and Stegun 7.1.26, within 1.5e-7
    const t = 1 / (1 + 0.3275911 * Math.abs(x));
    const series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
    return Math.sign(x) * (1 - series * Math.exp(-x * x));
  }
  const gelu = (x) => 0.5 * x * (1 + erf(x / Math.SQRT2));
  const sigmoid = (x) => 1 / (1 + Math.exp(-x));
  const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
  const sum = (values) => values.reduce((a, b) => a + b, 0);

  class RhythmPattern {
    constructor(model) {
      this.model = model;
      this.layers = model.layers.map(({ shape, weight, bias }) => ({ shape, weight: halves(weight), bias: halves(bias) }));
    }

    defaults() {
      return this.model.controls.map((control) => control.default);
    }

    // Controls (10) -> point: six levels, then the free codes.
    point(controls) {
      const { quantiles, origin, directions, controls: names } = this.model;
      const latent = names.length - KNOBS;
      const levels = Array.from({ length: KNOBS }, (_, k) => {
        const place = clamp(controls[latent + k], 0, 1) * (quantiles.length - 1);
        const below = Math.min(Math.floor(place), quantiles.length - 2);
        return quantiles[below][k] + (place - below) * (quantiles[below + 1][k] - quantiles[below][k]);
      });
      return [...levels, ...origin.map((value, i) => value + sum(directions.map((d, k) => controls[k] * d[i])))];
    }

    #linear({ shape, weight, bias }, x) {
      const out = new Float64Array(shape[0]);
      for (let i = 0; i < shape[0]; i++) {
        let total = bias[i];
        for (let j = 0; j < shape[1]; j++) total += weight[i * shape[1] + j] * x[j];
        out[i] = total;
      }
      return out;
    }

    // Point -> {logit, velocity, offset}, 288 numbers each.
    cells(z) {
      const [enter, norm, first, second, leave] = this.layers;
      const x = this.#linear(enter, z), mean = sum(x) / x.length;
      const deviation = Math.sqrt(sum(x.map((v) => (v - mean) ** 2)) / x.length + 1e-5);
      const normed = x.map((v, i) => ((v - mean) / deviation) * norm.weight[i] + norm.bias[i]);
      const hidden = this.#linear(second, this.#linear(first, normed).map(gelu));
      const out = this.#linear(leave, x.map((v, i) => gelu(v + hidden[i])));
      return { logit: out.slice(0, CELLS).map((v) => v - 1.5), velocity: out.slice(CELLS, 2 * CELLS).map(sigmoid),
        offset: out.slice(2 * CELLS).map((v) => 0.5 * Math.tanh(v)) };
    }

    // Controls -> [{voice, step, velocity, offset}], the pattern that measures what its knobs say.
    decode(controls) {
      const z = this.point(controls), { means, deviations, constraint } = this.model;
      const wanted = means.map((mean, k) => z[k] * deviations[k] + mean), cells = this.cells(z);
      const count = clamp(Math.round(wanted[0] * this.model.beats), 1, CELLS);
      let bias = [0, 0, 0], best = this.#ranked(cells.logit, bias, count);
      let missing = this.#missing(best, cells, wanted), least = sum(missing.map(Math.abs));
      for (let round = 0; round < constraint.rounds; round++) {
        const step = constraint.gain * (1 - round / constraint.rounds);
        bias = bias.map((value, k) => value + step * missing[k]);
        const onset = this.#ranked(cells.logit, bias, count);
        missing = this.#missing(onset, cells, wanted);
        const error = sum(missing.map(Math.abs)) + constraint.price * sum(bias.map(Math.abs));
        if (error < least) [least, best] = [error, onset];
      }
      return this.#finish(best, cells, wanted);
    }

    #ranked(logit, bias, count) {
      const moved = logit.map((value, cell) => {
        const voice = Math.floor(cell / STEPS), step = cell % STEPS;
        return value + (LINE.includes(voice) ? (bias[0] * -(LEVELS[step] + 2)) / 2 : 0)
          + (LOW.includes(voice) ? bias[1] : HIGH.includes(voice) ? -bias[1] : 0) + (voice === 1 ? bias[2] : 0);
      });
      const threshold = [...moved].sort((a, b) => b - a)[count - 1];
      return moved.map((value) => (value >= threshold ? 1 : 0));
    }

    #missing(onset, cells, wanted) {
      const { deviations, constraint } = this.model;
      const low = count(onset, LOW), high = count(onset, HIGH);
      const loud = onset.map((on, cell) => on * cells.velocity[cell]);
      const got = [syncopation(onset), (low - high) / Math.max(low + high, 1e-6),
        sum(loud.slice(STEPS, 2 * STEPS)) / Math.max(sum(loud), 1e-6)];
      return [SYNCOPATION, BALANCE, SNARE].map((attribute, k) => {
        const lack = (wanted[attribute] - got[k]) / deviations[attribute];
        return Math.sign(lack) * Math.max(Math.abs(lack) - constraint.tolerance, 0);
      });
    }

    #finish(onset, cells, wanted) {
      const hits = [];
      onset.forEach((on, cell) => {
        if (on) hits.push({ voice: Math.floor(cell / STEPS), step: cell % STEPS, velocity: cells.velocity[cell],
          offset: cells.offset[cell] });
      });
      const mean = sum(hits.map((hit) => hit.velocity)) / hits.length;
      const deviation = Math.sqrt(sum(hits.map((hit) => (hit.velocity - mean) ** 2)) / hits.length);
      const factor = clamp(wanted[DYNAMICS] / Math.max(deviation, 1e-3), 0, 6);
      const lack = wanted[SWING] - swing(hits);
      for (const hit of hits) {
        hit.velocity = clamp(mean + factor * (hit.velocity - mean), 1 / 127, 1);
        hit.offset = clamp(hit.offset + (hit.step % 2 ? 0.5 : -0.5) * lack, -0.5, 0.4999);
      }
      return hits;
    }
  }

  const count = (onset, voices) => sum(voices.map((voice) => sum(onset.slice(voice * STEPS, (voice + 1) * STEPS))));

  // Longuet-Higgins and Lee of kick, snare and toms as one line, in levels per onset.
  function syncopation(onset) {
    const line = Array.from({ length: STEPS }, (_, step) => LINE.some((voice) => onset[voice * STEPS + step]));
    let total = 0;
    line.forEach((on, step) => {
      let highest = LEVELS[step];
      for (let after = (step + 1) % STEPS; on && after !== step && !line[after]; after = (after + 1) % STEPS) {
        highest = Math.max(highest, LEVELS[after]);
      }
      total += highest - LEVELS[step];
    });
    return total / Math.max(line.filter(Boolean).length, 1e-6);
  }

  function swing(hits) {
    const [even, odd] = [0, 1].map((half) => hits.filter((hit) => hit.step % 2 === half));
    if (!even.length || !odd.length) return 0;
    return sum(odd.map((hit) => hit.offset)) / odd.length - sum(even.map((hit) => hit.offset)) / even.length;
  }

  root.RhythmPattern = RhythmPattern;
  root.rhythmBytes = bytes;
})(typeof window === "undefined" ? globalThis : window);

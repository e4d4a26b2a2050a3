// Renders notes away from the page's own thread. It stands behind onnxruntime's script, which defines `ort`.
// In: {kind: "load", model, wasm, glue} once, then {kind: "render", id, controls}. Out: "ready", "note", "failed".
"use strict";
let session = null;
let queue = Promise.resolve(); // one note after the other: a session runs one at a time

async function load({ model, wasm, glue }) {
  ort.env.wasm.numThreads = 1; // more threads need headers that a plain file server does not send
  ort.env.wasm.wasmBinary = wasm;
  ort.env.wasm.wasmPaths = { mjs: URL.createObjectURL(new Blob([glue], { type: "text/javascript" })) };
  session = await ort.InferenceSession.create(new Uint8Array(model), { executionProviders: ["wasm"] });
  postMessage({ kind: "ready" });
}

async function render({ id, controls }) {
  const begin = performance.now();
  const input = new ort.Tensor("float32", Float32Array.from(controls), [1, controls.length]);
  const { waveform } = await session.run({ controls: input });
  const samples = Float32Array.from(waveform.data);
  postMessage({ kind: "note", id, samples, ms: performance.now() - begin }, [samples.buffer]);
}

onmessage = ({ data }) => {
  const work = data.kind === "load" ? load : render;
  queue = queue.then(() => work(data)).catch((error) => postMessage({ kind: "failed", id: data.id, message: String(error) }));
};

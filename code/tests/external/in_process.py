"""Run by test_libpd.py in a process of its own: Pure Data inside Python, audio block by block as numpy arrays.

    python in_process.py FOLDER_OF_OBJECT MODEL OUT.npz

libpd comes with the package cypd. Its functions that take audio are called through ctypes, since the package wraps the
other ones only.
"""

import ctypes
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

RATE = 22050
PATCH = """#N canvas 0 0 400 300 12;
#X obj 20 20 adc~ 1;
#X obj 20 60 wae-sampler {model} 16 @limit 0;
#X obj 20 100 dac~ 1;
#X obj 200 20 r to-sampler;
#X obj 200 60 s from-sampler;
#X obj 20 140 notein;
#X obj 20 160 pack 0 0;
#X msg 20 180 note \\$1 \\$2;
#X obj 20 200 s to-sampler;
#X connect 0 0 2 0;
#X connect 1 0 2 0;
#X connect 1 1 4 0;
#X connect 3 0 1 0;
#X connect 5 1 6 1;
#X connect 5 0 6 0;
#X connect 6 0 7 0;
#X connect 7 0 8 0;
"""


def open_pd(folder, patch):
    """Start libpd with one channel in and out and open a patch; the package and its C functions."""
    sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)  # the object finds Pd's functions in the whole process
    import cypd

    cypd.init()
    cypd.add_to_search_path(str(folder))
    cypd.init_audio(1, 1, RATE)
    cypd.set_print_callback(lambda text: sys.stderr.write(str(text)))
    cypd.open_patch(patch.name, str(patch.parent))
    cypd.dsp(True)
    return cypd, ctypes.CDLL(cypd._libpd.__file__)


def process(library, samples):
    """Send a signal through the patch; what comes out, of the same length (a multiple of 64)."""
    samples = np.ascontiguousarray(samples, np.float32)
    out = np.zeros_like(samples)
    pointer = ctypes.POINTER(ctypes.c_float)
    library.libpd_process_float(len(samples) // 64, samples.ctypes.data_as(pointer), out.ctypes.data_as(pointer))
    return out


def main(folder, model, target):
    """Play a list, a MIDI note and its note-off; save what was heard."""
    with tempfile.TemporaryDirectory() as made:
        patch = Path(made) / "in_process.pd"
        patch.write_text(PATCH.format(model=model))
        cypd, library = open_pd(folder, patch)
        said = []
        cypd.set_message_callback(lambda source, selector, *rest: said.append(str(selector)))
        cypd.subscribe("from-sampler")
        cypd.send_message("to-sampler", "offline", 1)
        quiet = np.zeros(64 * 200, np.float32)
        through = process(library, np.sin(np.arange(640) / 10))
        cypd.send_list("to-sampler", -1, 0.5, 2, 0, 64)
        by_list = process(library, quiet)
        cypd.send_list("to-sampler", 0, 0, -3, 0)
        process(library, quiet)
        cypd.noteon(0, 67, 100)
        held = process(library, quiet[: 64 * 40])
        cypd.noteon(0, 67, 0)
        released = process(library, quiet)
        np.savez(target, through=through, by_list=by_list, held=held, released=released, said=np.array(said))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

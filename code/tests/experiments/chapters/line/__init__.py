"""A chapter of one weight: points ``(x,)`` -> a slope. What the shared experiments are tested on."""

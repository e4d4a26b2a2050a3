"""The words and equations of the datasheet.

Contents
--------
PURPOSE, EQUATIONS, SYMBOLS, LIMITS, COMMANDS   text, equations in matplotlib's subset of TeX
"""

PURPOSE = (
    "Single notes whose parameters are known, for work on latent spaces of sound: to see whether a model separates "
    "what was varied separately (disentanglement), whether a descriptor measures what it claims, whether a decoder "
    "keeps pitch, and to run every stage of the project in seconds where no recorded data are at hand.",
    "Each instrument is a different physical or signal model. Each plays every semitone from C2 "
    "to C#6 at three dynamics (the unpitched ones: as many notes), so instrument, pitch and dynamics are exactly "
    "independent. All other factors are drawn by a Latin hypercube made orthogonal to pitch, dynamics, fold and "
    "to one "
    "another. Nothing about a note is left to chance but the phases of its partials and the samples of its noise.",
    "The table describes the sound, not the program: every filled value but 'shape' is measured again on the "
    "audio by "
    "tests, and page 'Written and measured' shows how well the two agree.",
)

SYMBOLS = (
    r"$e(t)$: rise of attack_ms (raised cosine), plateau, release of 90 ms.   $d(t)=10^{-3t/T_{60}}$, "
    r"$T_{60}$ = decay_ms.   $\theta_n$: random phase.",
    r"$\varphi(t)=2\pi\int f_0\,2^{\,c\,\sin(2\pi r(t-t_{mid}))/1200}\,dt$ with $r$ = vibrato_hz, $c$ = "
    r"vibrato_cents "
    r"(0 where empty).",
    r"$a_n=10^{(\tau\log_2 n\,-\,\delta\,[n\;even])/20}$, $\tau$ = tilt_db_per_octave, $\delta$ = odd_even; with "
    r"$s$ = low_share: $a_1^2=\frac{s}{1-s}\sum_{n\geq 2}a_n^2$.",
    r"$w(t)$: Gaussian noise through a filter; $g$ sets its energy to noise_to_harmonic_db.   $q$ = shape, in "
    r"$[0,1]$.",
)

EQUATIONS = {
    "Organ": (r"$x=e(t)\,\sum_n a_n\cos(n\varphi+\theta_n)$",
              "additive synthesis, every term of the spectrum set by itself"),
    "Reed": (r"$x=e(t)\,\sum_n a_n\cos(n\varphi+\theta_n),\quad \delta\leq 24\,\mathrm{dB}$",
             "cylindrical pipe: odd harmonics, the even ones held down; vibrato"),
    "Bowed String": (r"$x=e(t)\,[\sum_n a_n\cos(n\varphi+\theta_n)+g\,w(t)\,(1+0.7\cos\varphi)]$",
                     "Helmholtz motion; the bow hisses while the string slips, once a period"),
    "Breathy Flute": (r"$x=e(t)\,[\sum_n a_n\cos(n\varphi+\theta_n)+g\,w(t)],\quad \tau=-14$",
                      "jet-driven pipe: few harmonics and breath above 2 f0"),
    "Formant Voice": (r"$X=\prod_{k=1}^{4}H_k\,e(t)\{\sum_n n^{-1}\cos(n\varphi+\theta_n)+g\,w\}$",
                      "glottal source and breath through four formants; q runs through u, o, a, e, i"),
    "Subtractive Synth": (r"$x=e(t)\,h_{f_c}\!*\sum_n n^{-1}\cos(n\varphi+\theta_n),\quad "
                          r"f_c=2.5f_0\,(f_{max}/2.5f_0)^q\,(1\ldots 2)$",
                          "sawtooth through a resonant low-pass that closes by an octave within 0.15 s"),
    "Ring Modulator": (r"$x=e(t)\cos(\varphi/2)\,[\cos\beta\,u(1.5\varphi)+\sin\beta\,u(3.5\varphi)],\quad "
                       r"u(y)=\sum_{k\,odd}k^{-1.5}\cos ky$",
                       "product of two waves; only sum and difference tones sound; q sets the angle beta"),
    "Beating Organ": (r"$x=e(t)\,[1+d\cos 2\pi f_b t]\sum_n a_n\cos(n\varphi+\theta_n),\quad f_b=\min(70,f_0/8)$",
                      "each partial beats with two neighbours; d = roughness_depth"),
    "FM Piano": (r"$x=d(t)\,\sin(\varphi+I(t)\sin\varphi)/\sqrt{1-J_2(2I)},\quad I(0)=0.4+4.6q$",
                 "Chowning's frequency modulation, index and amplitude falling; power held even"),
    "Plucked String": (r"$y[t]=p[t]+\sum_k h_k\,y[t-N-k],\quad P_n\propto \sin(\pi n(0.1+0.4q))/n^{1.3}$",
                       "digital waveguide: delay line, loss filter, fractional delay; q moves the plectrum"),
    "Hammered String": (r"$x=\sum_n 10^{\tau\log_2 n/20}\,d(t)^{\,0.9+0.1 f_n/f_1}\cos(2\pi f_n t+\theta_n),\quad "
                        r"f_n=nf_1\sqrt{\frac{1+Bn^2}{1+B}}$",
                        "stiff string, B = inharmonicity; high modes die sooner"),
    "Struck Bar": (r"$x=\sum_n 10^{\tau\log_2 n/20}\,d(t)^{\,(f_n/f_1)^{1.3}}\cos(2\pi f_n t+\theta_n),\quad "
                   r"B\geq 0.05$",
                   "the same law with B so large that the modes sound apart: glockenspiel"),
    "Drum Head": (r"$x=\sum_{m,k}|J_m(\rho j_{mk})|\,(j_{mk}/j_{01})^{-1/2}\,d(t)^{(j_{mk}/j_{01})^2}"
                  r"\cos(2\pi f_0\frac{j_{mk}}{j_{01}}t+\theta)$",
                  "circular membrane struck at radius rho = 0.05 + 0.75 q; pitched by its lowest mode"),
    "Noise Burst": (r"$x=e_a(t)\,d(t)\,w(t),\quad |W(f)|\propto f^{\,\tau/6.02}\;(f>200\,\mathrm{Hz})$",
                    "filtered noise; low_share is its energy below 200 Hz; unpitched"),
    "Rattle": (r"$x=d(t)\,[1+d_r\cos 2\pi 70t]\,w(t)$", "noise in a train of grains, as of a guiro; unpitched"),
    "Cymbal": (r"$x=d(t)\,\sum_{k=1}^{400}b_k\,f_k^{\,\tau/6.02}\cos(2\pi f_k t+\theta_k),\quad f_k\approx "
               r"200+22.1k$",
               "thin plate: modes evenly dense in frequency, strengths Rayleigh; unpitched"),
    "Csound Choir": (r"$x=e(t)\,\sum_{k}\sum_{j=1}^{4}A_j\,g_j(t-k/f_0)$",
                     "optional, Csound: grains of four formants, one set a period (fof); q: vowel"),
    "Pd Formant": (r"$x=e(t)\,\exp(-(3\sin\pi\phi)^2)\,[(1-m)\cos 2\pi k\phi+m\cos 2\pi(k+1)\phi]$",
                   "optional, Pure Data: phase-aligned formant at q's harmonic, phi = phase in periods"),
}

LIMITS = (
    "Sustained notes are steady between attack and release apart from vibrato, beats and noise: no drift, no "
    "legato, no room.",
    "Dynamics set the level alone (loudest 100 ms: pp -38, mf -29, ff -20 dBFS, RMS). In an instrument, brightness "
    "would follow; here it must not, for the factors to be independent.",
    "A column means the same in all instruments up to what its definition says: tilt is a line over partials at the "
    "onset for pitched notes and a power density above 200 Hz for noises; low_share is partial 1 or the part "
    "below 200 Hz.",
    "Below about 560 Hz the beats of Beating Organ are slower than 70 Hz (f0 / 8), as faster ones would hide "
    "the pitch: "
    "in the lowest octave they are a flutter rather than roughness.",
    "attack_ms shorter than a period of f0 (15 ms at C2) is in the signal but can hardly be measured, nor heard "
    "as such; "
    "in Csound Choir the grains themselves add about 5 ms.",
    "Partials end at 9 kHz. A note that is struck at its highest pitch has few of them: tilt then rests on "
    "eight points.",
    "Where low partials are close and short (low Struck Bar and Hammered String notes), the tilt measured on "
    "the sound "
    "scatters by up to 1 dB per octave around the written one; the written one is exact.",
    "A fold is balanced but shares instruments with the others: to test a new instrument, leave instruments out.",
    "shape has another meaning in each instrument and is not comparable between them.",
)

COMMANDS = (
    "python toy/make_toy.py --out DIR [--seed S] [--jobs N] [--format wav|flac] [--small] [--with csound] "
    "[--with pd]",
    "python toy/datasheet.py --data DIR --out toy/datasheet.pdf",
)

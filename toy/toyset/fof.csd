<CsoundSynthesizer>
<CsInstruments>
; Formant-wave-function synthesis (Rodet, Potard and Barriere, 1984): every period of f0 starts four decaying
; sinusoids, one per formant. p4 file, p5 f0 in Hz, p6 attack in s, p7 p8 vibrato in Hz and cents, p9-p12 formants in Hz.
sr = 22050
ksmps = 16
nchnls = 1
0dbfs = 1
gisine ftgen 0, 0, 65536, 10, 1
girise ftgen 0, 0, 4096, 19, 0.5, 0.5, 270, 0.5

instr 1
  kseconds timeinsts
  kcents = p8 * sin(2 * $M_PI * p7 * (kseconds - p3 / 2))
  kf0 = p5 * cent(kcents)
  a1 fof 1.00, kf0, p9,  0, 50,  0.003, 0.020, 0.007, 60, gisine, girise, p3
  a2 fof 0.50, kf0, p10, 0, 70,  0.003, 0.020, 0.007, 60, gisine, girise, p3
  a3 fof 0.18, kf0, p11, 0, 110, 0.003, 0.020, 0.007, 60, gisine, girise, p3
  a4 fof 0.10, kf0, p12, 0, 130, 0.003, 0.020, 0.007, 60, gisine, girise, p3
  arise linseg 0, p6, 1, p3, 1
  afall linseg 1, p3 - 0.09, 1, 0.09, 0
  aout buthp (a1 + a2 + a3 + a4) * 0.05, 15
  aout *= (0.5 - 0.5 * cos($M_PI * arise)) * (0.5 - 0.5 * cos($M_PI * afall))
  Sname sprintf "%d.wav", p4
  fout Sname, 16, aout
endin
</CsInstruments>
<CsScore>
; SCORE
e
</CsScore>
</CsoundSynthesizer>
